import type { GaussianModel } from "../../model/gaussianModel";
import { Row } from "../../model/gaussianModel";
import type { AxisBlock } from "../../network/decoder";
import { GaussianHead, type Varied } from "../../network/head";
import { LatentFrame } from "../../network/latentFrame";
import type { ParticleTargets } from "../../particles/targets";
import { gatherRows } from "../batches";
import { FeatureBasis } from "../features/featureBasis";
import { ImageGroups } from "../imageGroups";
import { keptAxesOf } from "../runs/lineage";
import { RunFolder } from "../runs/runFolder";
import type { RunRecord } from "../runs/runRecord";
import type { KeptAxes } from "./continuedAxes";

/** The run whose axes go on, as a second round has it in its folder. */
export interface KeptSource {
  folder: RunFolder;
  /** Rows of the run that are trained on; undefined for all. */
  selection: Int32Array | undefined;
  /** The neutral model of a unit. */
  unit: GaussianModel;
}

/** Reads the axes that go on from the copy of the first run in the folder of a second round. */
export async function openKept({ folder, selection, unit }: KeptSource): Promise<KeptAxes> {
  const parent = new RunFolder(folder.file("parent"));
  const record = await parent.readRecord();
  const { arrays } = await parent.readCheckpoint("weights", record);
  const { latent, refined } = await parent.readLatents();
  const places = selection ? gatherRows(refined, latent, selection) : refined;
  const ofLatents = arrays.filter(({ name }) => name.startsWith("latent."));
  const frame = LatentFrame.load(
    ofLatents.map((array) => ({ ...array, name: array.name.slice("latent.".length) })),
    latent,
  );
  return {
    ...{ blocks: await blocksOf(parent, record, unit), latent, arrays, places },
    goal: frame ? frame.toNetwork(places) : places,
    basis: FeatureBasis.load(arrays),
    featureSize: record.options.featureSize,
  };
}

/** The same for the images of particles: of tilt series each image has the place of its particle. */
export function keptOfImages(
  kept: KeptAxes,
  targets: Pick<ParticleTargets, "particleOf">,
  units: number,
): KeptAxes {
  const groups = ImageGroups.of(targets);
  if (!groups) return kept;
  const ofImages = (values: Float32Array) => groups.toImages(values, units * kept.latent);
  return { ...kept, places: ofImages(kept.places), goal: ofImages(kept.goal) };
}

/** The blocks of axes that a run trained: those that it went on with, and its own. */
export async function blocksOf(
  folder: RunFolder,
  record: RunRecord,
  unit: GaussianModel,
): Promise<AxisBlock[]> {
  const { latent, form, roles, vary } = record.options;
  const units = (await folder.readNeutral(record)).count / unit.count;
  const free = await folder.readFree(record, units * unit.count);
  const { slots } = new GaussianHead(unit, vary, { free: free?.slice(0, unit.count) });
  const own: AxisBlock = { latent, form, roles, slots };
  if (keptAxesOf(record) === 0) return [own];
  const parent = new RunFolder(folder.file("parent"));
  return [...(await blocksOf(parent, await parent.readRecord(), unit)), own];
}

const kinds = [
  ["position", [Row.x, Row.y, Row.z]],
  ["amplitude", [Row.amplitude]],
  ["width", [Row.sigma]],
] as const satisfies readonly (readonly [Varied, readonly number[]])[];

/** The head of all parameters that some block of axes changes. */
export function headOfBlocks(
  unit: GaussianModel,
  blocks: readonly AxisBlock[],
  bodies: Uint8Array | undefined,
): GaussianHead {
  const { count } = unit;
  const free = new Uint8Array(count);
  const rows = new Set<number>();
  for (const { slots } of blocks) {
    for (const slot of slots) {
      free[slot % count] = 1;
      rows.add(Math.floor(slot / count));
    }
  }
  const vary = kinds.filter(([, of]) => of.some((row) => rows.has(row))).map(([kind]) => kind);
  return new GaussianHead(unit, vary, { free: free.includes(0) ? free : undefined, bodies });
}
