import type { GaussianModel } from "../model/gaussianModel";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest, ProjectionResult } from "./engine";
import { exampleBatch } from "./examples";

/** The evaluations that an engine is needed for, as far as they determine its speed. */
export interface Workload {
  /** The Gaussians; their widths influence the speed. */
  model: GaussianModel;
  /** The outermost ring, at most ⌊(S − 1)/2⌋. */
  rings: number;
  /** Particles per evaluation. */
  batchSize: number;
  /**
   * What is timed. Default: evaluations with the gradient in the Gaussians.
   * @throws what keeps a GPU from being used
   */
  timed?: TimedWork;
}

/** Work that is more than evaluations, such as steps of a training. */
export interface TimedWork {
  /** What it is, in the plural. */
  name: string;
  /** Milliseconds for a batch with an engine. */
  milliseconds(engine: ProjectionEngine): Promise<number>;
}

/** Milliseconds of a step in a trial; none for an engine that failed or was not timed further. */
export interface TrialTimes {
  cpu: number;
  gpu?: number;
}

/** An engine in a trial. */
export interface Contestant {
  /** The engine. */
  engine: ProjectionEngine;
  /** Name and device, for the reason. */
  title: string;
}

/** The result of a trial. */
export interface Verdict {
  /** The faster engine; the other one has been disposed of. */
  engine: ProjectionEngine;
  /** Why it was chosen, as a sentence without a full stop. */
  reason: string;
  /** Whether the GPU failed, with an error or wrong results. */
  gpuFailed: boolean;
  /** What both took. */
  milliseconds: TrialTimes;
}

const minRepeats = 3;
const maxRepeats = 10;
/** Milliseconds after which only {@link minRepeats} are completed. */
const maxTrialTime = 2000;
/** Relative difference from which results count as wrong and not as rounded differently. */
const wrongDifference = 0.05;

/** An evaluation. */
interface Evaluation {
  batch: ProjectionBatch;
  request: ProjectionRequest;
}

/**
 * The faster of two engines for a workload, by a trial: each is warmed up (a GPU compiles its programs at the first call)
 * and then timed, the shortest of a few evaluations with the gradient in the Gaussians. A trial takes some seconds at most,
 * unless a single evaluation takes longer. The GPU loses when its engine throws, or when its results differ from
 * the CPU's: a driver that fails does not always report it.
 *
 * @param now a clock in milliseconds
 * @throws what the CPU's engine throws; both engines are disposed of then
 */
export async function fasterOf(
  cpu: Contestant,
  gpu: Contestant,
  work: Workload,
  now: () => number = () => performance.now(),
): Promise<Verdict> {
  const trial = trialOf(work);
  let expected: ProjectionResult;
  let cpuTime: number;
  try {
    expected = copyOf(await cpu.engine.evaluate(trial.batch, trial.request));
    cpuTime = await timeOf(cpu.engine, trial, { work, now });
  } catch (error) {
    await Promise.allSettled([cpu.engine.dispose(), gpu.engine.dispose()]);
    throw error;
  }
  const outcome = await tryGpu(gpu, trial, { expected, cpuTime, work, now });
  const [winner, loser] = outcome.gpuWins ? [gpu, cpu] : [cpu, gpu];
  // What a failed engine leaves behind cannot always be freed.
  await loser.engine.dispose().catch(() => undefined);
  return {
    engine: winner.engine,
    reason: `${work.timed?.name ?? "projections"} are computed by the engine ${winner.title}: ${outcome.reason(cpu, gpu)}`,
    gpuFailed: outcome.gpuFailed,
    milliseconds: { cpu: cpuTime, ...(outcome.gpuTime !== undefined && { gpu: outcome.gpuTime }) },
  };
}

/** How the GPU did. */
interface Outcome {
  gpuWins: boolean;
  gpuTime?: number;
  gpuFailed: boolean;
  reason: (cpu: Contestant, gpu: Contestant) => string;
}

/** How time is taken. */
interface TimedBy {
  work: Workload;
  now: () => number;
}

/** Milliseconds of what the trial is about. */
function timeOf(engine: ProjectionEngine, trial: Evaluation, { work, now }: TimedBy): Promise<number> {
  return work.timed ? work.timed.milliseconds(engine) : shortestTime(engine, trial, now);
}

async function tryGpu(
  { engine }: Contestant,
  trial: Evaluation,
  { expected, cpuTime, work, now }: TimedBy & { expected: ProjectionResult; cpuTime: number },
): Promise<Outcome> {
  const particles = `a step of ${trial.batch.count} particles`;
  try {
    // A GPU that takes longer for one particle than the CPU for all is not tried further.
    const one = firstParticle(trial);
    await engine.evaluate(one.batch, one.request);
    const alone = await shortestTime(engine, one, now);
    if (alone > cpuTime) {
      const reason: Outcome["reason"] = (_, gpu) =>
        `${timeText(cpuTime)} for ${particles}, ${gpu.title} ${timeText(alone)} for a single one`;
      return { gpuWins: false, gpuFailed: false, reason };
    }
    const wrong = differenceBetween(await engine.evaluate(trial.batch, trial.request), expected);
    if (wrong) {
      const reason: Outcome["reason"] = (_, gpu) => `the ${wrong.name} from ${gpu.title} is ${wrong.how}`;
      return { gpuWins: false, gpuFailed: true, reason };
    }
    const gpuTime = await timeOf(engine, trial, { work, now });
    const gpuWins = gpuTime < cpuTime;
    const reason: Outcome["reason"] = (cpu, gpu) =>
      gpuWins
        ? `${timeText(gpuTime)} for ${particles}, ${cpu.title} ${timeText(cpuTime)}`
        : `${timeText(cpuTime)} for ${particles}, ${gpu.title} ${timeText(gpuTime)}`;
    return { gpuWins, gpuTime, gpuFailed: false, reason };
  } catch (error) {
    const message = String((error as Error)?.message ?? error).split("\n")[0];
    return { gpuWins: false, gpuFailed: true, reason: (_, gpu) => `${gpu.title} failed, ${message}` };
  }
}

/** What is wrong with a result; undefined if it is right. */
function differenceBetween(
  found: ProjectionResult,
  expected: ProjectionResult,
): { name: string; how: string } | undefined {
  for (const [name, a, b] of [
    ["FRC", found.frc, expected.frc],
    ["gradient", found.modelGradient!, expected.modelGradient!],
  ] as const) {
    const difference = relativeDifference(a, b);
    // Not `>=`, since NaN is wrong, too.
    if (!(difference < wrongDifference)) {
      const how = Number.isFinite(difference) ? `wrong by ${Math.round(100 * difference)} %` : "not finite";
      return { name, how };
    }
  }
  return undefined;
}

/** Particles with a copy of the model each, as in training; their images are noise. */
function trialOf({ model, rings, batchSize }: Workload): Evaluation {
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

function firstParticle({ batch, request }: Evaluation): Evaluation {
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
  { batch, request }: Evaluation,
  now: () => number,
): Promise<number> {
  const began = now();
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < minRepeats || (i < maxRepeats && now() - began < maxTrialTime); i++) {
    const start = now();
    await engine.evaluate(batch, request);
    shortest = Math.min(shortest, now() - start);
  }
  return shortest;
}

/** A copy, since an engine may reuse the arrays of its result. */
function copyOf({ frc, score, modelGradient }: ProjectionResult): ProjectionResult {
  return {
    frc: frc.slice(),
    score: score.slice(),
    ...(modelGradient && { modelGradient: modelGradient.slice() }),
  };
}

/** |a − b| / |b| */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let length = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

const timeText = (milliseconds: number) =>
  milliseconds < 10 ? `${milliseconds.toPrecision(2)} ms` : `${Math.round(milliseconds)} ms`;
