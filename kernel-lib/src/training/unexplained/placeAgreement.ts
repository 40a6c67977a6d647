import { throwIfStopped } from "../../errors";
import { type GaussianModel, Row } from "../../model/gaussianModel";
import type { TaskOptions } from "../../progress";
import { gatherRows, ParticleBatches } from "../batches";
import { deviceOf } from "../device/deviceOf";
import { placeCells } from "../leaks/association";
import { particlesPerPass } from "../memory";
import { loadRows } from "../posterior/batchCache";
import type { PlaceDecoder } from "../posterior/decoders";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";

/** How particles agree with the models at their places, and how they would change them. */
export interface PlaceAgreement {
  /** FRC in each ring, [particles · (rings + 1)]. */
  frc: Float32Array;
  /** Gradient of the log-likelihood with respect to the density in each cell of the molecule, [particles · cells]. */
  gradients: Float32Array;
  /** Number of cells: groups of equally many neighbouring Gaussians. */
  cells: number;
}

/** A trained decoder, and the places of the particles in it. */
export interface ExplainingModel {
  /** Particles and engine. */
  context: ProjectionContext;
  /** The trained decoder. */
  decoder: PlaceDecoder;
  /** [particles · latent of the decoder] */
  places: Float32Array;
  /** Ring weights by information. */
  weights: RingWeights;
  /** Particles that are judged, ascending. */
  members: Int32Array;
}

/** Most cells; fewer for sets of so many particles that their gradients would take gigabytes. */
const mostCells = 256;
const fewCells = 64;
const manyParticles = 100_000;

/** One pass over all particles. */
export async function placeAgreement(
  { context, decoder, places, weights }: ExplainingModel,
  options: TaskOptions = {},
): Promise<PlaceAgreement> {
  const { targets, neutral, engine } = context;
  const batches = new ParticleBatches(targets);
  const { rings, count: total } = targets;
  const cellOf = cellsOfGaussians(neutral, total > manyParticles ? fewCells : mostCells);
  const cells = 1 + cellOf.reduce((most, cell) => Math.max(most, cell), 0);
  const frc = new Float32Array(total * (rings + 1));
  const gradients = new Float32Array(total * cells);
  const { count: n, boxSize } = neutral;
  for (const particles of batches.chunks(particlesPerPass(n))) {
    throwIfStopped(options.signal);
    const batch = {
      ...{ context, decoder, places: gatherRows(places, decoder.latent, particles) },
      particles: await loadRows(batches, particles, n),
    };
    const request = { boxSize, rings, ringWeights: weights.of(particles), gradient: { model: true } };
    const found = await deviceOf(engine).evaluate(batch, request);
    frc.set(found.frc, particles[0]! * (rings + 1));
    for (let b = 0; b < particles.length; b++) {
      const from = 5 * n * b + Row.amplitude * n;
      const to = (particles[0]! + b) * cells;
      for (let i = 0; i < n; i++) gradients[to + cellOf[i]!]! += found.modelGradient![from + i]!;
    }
    const task = "comparing particles with the models at their places";
    options.onProgress?.({ task, done: particles.at(-1)! + 1, total });
  }
  return { frc, gradients, cells };
}

/** Cell of each Gaussian: its own, or shared with its neighbours where there are more than `most`. */
function cellsOfGaussians({ count, params }: GaussianModel, most: number): Int32Array {
  if (count <= most) return Int32Array.from({ length: count }, (_, i) => i);
  const centres = Float64Array.from(
    { length: 3 * count },
    (_, k) => params[(k % 3) * count + Math.floor(k / 3)]!,
  );
  return placeCells(centres, 3, most);
}
