import type { GaussianModel } from "../model/gaussianModel";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest, ProjectionResult } from "./engine";
import { exampleBatch } from "./examples";

/** The evaluation that a caller is going to repeat: what its time depends on. */
export interface Workload {
  /** Its Gaussians as they are: how wide they are decides how fast some engines work. */
  model: GaussianModel;
  /** Outermost ring, at most ⌊(S − 1)/2⌋. */
  rings: number;
  /** Particles of an evaluation. */
  batchSize: number;
}

export interface Contestant {
  engine: ProjectionEngine;
  /** The engine and what it runs on, as the sentence about the trial names them. */
  title: string;
}

export interface Verdict {
  /** The winner. The other one has been disposed of. */
  engine: ProjectionEngine;
  /** Which one and why, in one sentence without a full stop. */
  reason: string;
  /** The GPU's engine threw, or its numbers were wrong. */
  gpuFailed: boolean;
}

const LEAST_REPEATS = 3;
const MOST_REPEATS = 10;
/** Milliseconds after which no more than the least number of repeats is made. */
const LONG_ENOUGH = 2000;
/** Relative distance at which results are not the same in other rounding, but wrong. */
const WRONG = 0.05;

/**
 * Which of two engines is faster at this work, by a trial: each is warmed (a GPU compiles its programs at the first call)
 * and then timed, the shortest of a few evaluations with the gradient in the Gaussians. It takes some seconds at most,
 * unless a single evaluation takes longer. The GPU loses when its engine throws, and when its numbers are not those of
 * the CPU: a driver that fails does not always say so.
 *
 * @param now a clock in milliseconds
 * @throws what the CPU's engine throws; both are disposed of then
 */
export async function fasterOf(
  cpu: Contestant,
  gpu: Contestant,
  work: Workload,
  now: () => number = () => performance.now(),
): Promise<Verdict> {
  const { batch, request } = trialOf(work);
  const particles = `a step of ${work.batchSize} particles`;
  const won = async (winner: Contestant, why: string, gpuFailed = false): Promise<Verdict> => {
    const loser = winner === cpu ? gpu : cpu;
    // What an engine that failed leaves behind cannot always be freed.
    await loser.engine.dispose().catch(() => undefined);
    return {
      engine: winner.engine,
      reason: `projections are computed by the engine ${winner.title}: ${why}`,
      gpuFailed,
    };
  };

  let right: ProjectionResult;
  let cpuTime: number;
  try {
    right = copyOf(await cpu.engine.evaluate(batch, request));
    cpuTime = await shortestTime(cpu.engine, batch, request, now);
  } catch (error) {
    await Promise.allSettled([cpu.engine.dispose(), gpu.engine.dispose()]);
    throw error;
  }
  let gpuTime: number;
  try {
    // A device that takes longer for one particle than the CPU for all need not be waited for.
    const one = firstParticle(batch, request);
    await gpu.engine.evaluate(one.batch, one.request);
    const alone = await shortestTime(gpu.engine, one.batch, one.request, now);
    if (alone > cpuTime) {
      return await won(
        cpu,
        `${time(cpuTime)} for ${particles}, ${gpu.title} ${time(alone)} for a single one`,
      );
    }
    const found = await gpu.engine.evaluate(batch, request);
    for (const [what, a, b] of [
      ["FRC", found.frc, right.frc],
      ["gradient", found.modelGradient!, right.modelGradient!],
    ] as const) {
      const off = distance(a, b);
      // Not `>=`: what is no number is wrong too.
      if (!(off < WRONG)) {
        const wrong = Number.isFinite(off) ? `wrong by ${Math.round(100 * off)} %` : "not finite";
        return await won(cpu, `the ${what} from ${gpu.title} is ${wrong}`, true);
      }
    }
    gpuTime = await shortestTime(gpu.engine, batch, request, now);
  } catch (error) {
    const message = String((error as Error)?.message ?? error).split("\n")[0];
    return won(cpu, `${gpu.title} failed, ${message}`, true);
  }
  const [winner, loser] = gpuTime < cpuTime ? [gpu, cpu] : [cpu, gpu];
  const [best, other] = gpuTime < cpuTime ? [gpuTime, cpuTime] : [cpuTime, gpuTime];
  return won(winner, `${time(best)} for ${particles}, ${loser.title} ${time(other)}`);
}

/** Particles with a copy of the model each, as in a training; their images are noise. */
function trialOf({ model, rings, batchSize }: Workload): {
  batch: ProjectionBatch;
  request: ProjectionRequest;
} {
  const { batch, request } = exampleBatch({
    count: batchSize,
    gaussians: model.count,
    boxSize: model.boxSize,
    rings,
    shared: true,
    ownWeights: true,
  });
  const models = new Float32Array(batchSize * model.params.length);
  for (let b = 0; b < batchSize; b++) models.set(model.params, b * model.params.length);
  return { batch: { ...batch, model: models }, request: { ...request, gradient: { model: true } } };
}

function firstParticle(batch: ProjectionBatch, request: ProjectionRequest) {
  const { count, gaussians, model, rotations, shifts, targets } = batch;
  return {
    batch: {
      ...batch,
      count: 1,
      model: model.subarray(0, 5 * gaussians),
      rotations: rotations.subarray(0, 9),
      shifts: shifts.subarray(0, 2),
      targets: targets.subarray(0, targets.length / count),
    },
    request: { ...request, ringWeights: request.ringWeights.subarray(0, request.rings + 1) },
  };
}

async function shortestTime(
  engine: ProjectionEngine,
  batch: ProjectionBatch,
  request: ProjectionRequest,
  now: () => number,
): Promise<number> {
  const began = now();
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < LEAST_REPEATS || (i < MOST_REPEATS && now() - began < LONG_ENOUGH); i++) {
    const start = now();
    await engine.evaluate(batch, request);
    shortest = Math.min(shortest, now() - start);
  }
  return shortest;
}

/** An engine may use the arrays of its result again. */
function copyOf({ frc, score, modelGradient }: ProjectionResult): ProjectionResult {
  return {
    frc: frc.slice(),
    score: score.slice(),
    ...(modelGradient && { modelGradient: modelGradient.slice() }),
  };
}

/** |a − b| / |b| */
function distance(a: Float32Array, b: Float32Array): number {
  let apart = 0;
  let length = 0;
  for (let i = 0; i < b.length; i++) {
    apart += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return Math.sqrt(apart / length);
}

const time = (milliseconds: number) =>
  milliseconds < 10 ? `${milliseconds.toPrecision(2)} ms` : `${Math.round(milliseconds)} ms`;
