import { InputError } from "../errors";
import { discToHalf } from "../fourier/disc";
import { halfWidth } from "../fourier/fft";
import { describeGrid, type Grid, hasSameBoxLength } from "../maps/grid";
import { MapProjector } from "../maps/mapProjector";
import type { Volume } from "../maps/volume";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { type Pose, projectionTransform } from "../model/projectionTransform";
import { meanDensity } from "./meanDensity";

/** What particles are simulated from: Gaussian models, whose projections are exact, or maps. */

/** Writes the half transform of a projection, with the origin of the image at pixel ⌊S/2⌋. */
export type Project = (pose: Pose, half: Float64Array) => void;

/** The states of a simulation. */
export interface SimulatedStates {
  count: number;
  boxSize: number;
  /** Å per pixel. */
  apix: number;
  /** Whether a state is expensive to open, so that images of one state should be made together. */
  costly: boolean;
  /** Makes state s ready for projection. */
  open(s: number): Promise<Project>;
  density(s: number): Promise<Volume>;
  /** The mean density, weighted by numbers of particles. */
  mean(counts: readonly number[]): Promise<Volume>;
}

/** Opens states, and keeps the last one. */
export function keptOpen(states: SimulatedStates): (s: number) => Promise<Project> {
  let last: { state: number; project: Project } | undefined;
  return async (state) => {
    if (last?.state !== state) {
      last = undefined;
      last = { state, project: await states.open(state) };
    }
    return last.project;
  };
}

/** Projection of a model. */
export const projectModel =
  (model: GaussianModel): Project =>
  (pose, half) =>
    projectionTransform(model, pose, half);

/** @throws InputError unless all models have one box and pixel size */
export function statesOfModels(models: readonly GaussianModel[]): SimulatedStates {
  const first = models[0];
  if (!first) throw new InputError("models", "at least one state", "none");
  if (models.some((m) => m.boxSize !== first.boxSize || m.apix !== first.apix)) {
    throw new InputError("models", "states of one box and pixel size", "several");
  }
  return {
    ...{ count: models.length, boxSize: first.boxSize, apix: first.apix, costly: false },
    open: async (s) => projectModel(models[s]!),
    density: async (s) => modelDensity(models[s]!),
    mean: async (counts) => meanDensity(models, counts),
  };
}

/** A map, or a function that reads it when it is needed. */
export type MapSource = Volume | (() => Promise<Volume>);

const read = async (map: MapSource): Promise<Volume> => (typeof map === "function" ? map() : map);

/**
 * Maps are opened one after the other, so that only one needs memory.
 * @throws InputError unless all maps are cubes of the same voxels
 */
export async function statesOfMaps(maps: readonly MapSource[]): Promise<SimulatedStates> {
  if (maps.length === 0) throw new InputError("maps", "at least one state", "none");
  const first: Grid = await read(maps[0]!);
  const [boxSize, ny, nz] = first.size;
  if (ny !== boxSize || nz !== boxSize) throw new InputError("maps", "cubes", describeGrid(first));
  const density = async (s: number) => {
    const map = await read(maps[s]!);
    if (map.size.every((n) => n === boxSize) && hasSameBoxLength(map, first)) return map;
    throw new InputError(`map of state ${s}`, `${describeGrid(first)}, as of state 0`, describeGrid(map));
  };
  return {
    ...{ count: maps.length, boxSize, apix: first.apix, costly: true, density },
    open: async (s) => projectMap(await density(s)),
    mean: async (counts) => {
      const total = counts.reduce((sum, n) => sum + n, 0);
      const sum = new Float64Array(boxSize ** 3);
      for (const [s, n] of counts.entries()) {
        if (n === 0) continue;
        const { data } = await density(s);
        for (let i = 0; i < data.length; i++) sum[i]! += (data[i]! * n) / total;
      }
      return { ...(await density(0)), data: Float32Array.from(sum) };
    },
  };
}

/** Projection of a map, up to the last ring below the Nyquist frequency. */
function projectMap(map: Volume): Project {
  const projector = new MapProjector(map);
  const size = projector.boxSize;
  const columns = halfWidth(size);
  const total = map.data.reduce((sum, value) => sum + value, 0);
  const rotation = new Float32Array(9);
  return ({ rotation: given, rotationAt = 0, shift }, half) => {
    for (let i = 0; i < 9; i++) rotation[i] = given[rotationAt + i]!;
    discToHalf(projector.project(rotation, projector.maxRings), projector.maxRings, size, half);
    half[0] = total;
    for (let y = 0, i = 0; y < size; y++) {
      const ky = y < (size + 1) >> 1 ? y : y - size;
      for (let kx = 0; kx < columns; kx++, i += 2) {
        const angle = -2 * Math.PI * (kx * shift[0] + ky * shift[1]);
        const [cos, sin, re, im] = [Math.cos(angle), Math.sin(angle), half[i]!, half[i + 1]!];
        half[i] = re * cos - im * sin;
        half[i + 1] = re * sin + im * cos;
      }
    }
  };
}
