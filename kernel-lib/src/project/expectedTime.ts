import { InputError } from "../errors";
import { trainingBox } from "../fourier/trainingBox";
import { otherShares } from "../jobs/wholeProgress";
import type { GaussianModel } from "../model/gaussianModel";
import { mostGaussians } from "../model/growthChoices";
import { readModelText } from "../model/text";
import { GaussianHead } from "../network/head";
import { openParticles } from "../particles/particleSet";
import { beginTask, type TaskOptions } from "../progress";
import { createEngine } from "../projection/engines";
import { exampleBatch } from "../projection/examples";
import { mostEpochs } from "../training/course";
import { withDefaults } from "../training/options";
import { stepMilliseconds } from "../training/trial/stepTime";
import { UnitAssembly } from "../training/units/unitAssembly";
import type { NewRunSettings } from "./newRun";

/** What a training is expected to take. */
export interface ExpectedTime {
  /** Least and most seconds that are likely; what the training decides itself is open between them. */
  seconds: readonly [least: number, most: number];
  /** From what it was measured, in words. */
  from: string;
}

/** Epochs that a training that decides itself takes where the motion is plain. */
const fewEpochs = 10;
/** Gaussians where the map decides: a small molecule, and the most that are made. */
const freeGaussians = [300, mostGaussians] as const;
/** The finest detail where map and box decide, in pixels of the images. */
const freeDetail = [4, 2.2] as const;
/** What parts of a training beside its epochs take, relative to the set on which their shares were measured. */
const otherParts = [0.5, 1.5] as const;

/**
 * Measures a step of the training of a new run on this machine, for a second or two, with random particles of its sizes, and estimates
 * what the whole run takes: the time of its epochs, and the usual shares of its other parts, which differ from set to set by perhaps a
 * half. What is not given (Gaussians, resolution, axes, epochs) is open between what small and large molecules need, so that the range
 * becomes narrow only as these are given. It holds while nothing else computes, and for reading images from a disk that keeps up.
 * @throws InputError for particles or a model that cannot be read; StoppedError
 * @example
 * ```ts
 * const settings = { particles: "particles.star", out: "run", queue: { queue: "local", cpus: 1 } };
 * const given = { gaussians: 24, latent: 1, epochs: 5, resolution: 16 };
 * const { seconds, from } = await e2.project.expectedTime({ ...settings, ...given });
 * console.log(seconds.map((time) => time.toFixed(0)), from);
 * ```
 */
export async function expectedTime(
  settings: Pick<
    NewRunSettings,
    "particles" | "model" | "resolution" | "gaussians" | "latent" | "vary" | "epochs" | "queue"
  >,
  options: TaskOptions = {},
): Promise<ExpectedTime> {
  const { signal } = beginTask(options);
  const { particles = "", model, resolution, gaussians, latent, vary, epochs, queue } = settings;
  if (particles === "") throw new InputError("particles", "a particle file", "none");
  const set = await openParticles(particles, { ...(signal && { signal }) });
  const images = { count: set.count, boxSize: set.boxSize, apix: set.apix };
  await set.close();
  const neutral = model ? await readModelText(model) : undefined;
  const threads = queue.queue === "local" ? queue.cpus : undefined;
  const training = withDefaults({
    latent: latent ?? 4,
    ...(vary && vary.length > 0 && { vary: [...vary] }),
  });
  const sizes = ([0, 1] as const).map((end) => {
    const finest = resolution ?? freeDetail[end] * images.apix;
    const box = trainingBox(images, neutral && resolution === undefined ? boxDetail(neutral) : finest);
    return {
      ...box,
      boxSize: neutral?.boxSize ?? box.boxSize,
      gaussians: neutral?.count ?? gaussians ?? freeGaussians[end],
    };
  });
  const steps = images.count / training.batchSize;
  const times: number[] = [];
  for (const [s, size] of sizes.entries()) {
    const same = sizes.slice(0, s).findIndex((one) => JSON.stringify(one) === JSON.stringify(size));
    times.push(same >= 0 ? times[same]! : await stepTime(size, training, threads));
  }
  const freeEpochs = [fewEpochs, mostEpochs(steps)] as const;
  const others = otherShares({ survey: latent === undefined });
  const seconds = ([0, 1] as const).map(
    (end) => ((epochs ?? freeEpochs[end]) + otherParts[end] * others) * steps * (times[end]! / 1000),
  );
  const of = sizes.map(({ gaussians: n, boxSize }) => `${n} Gaussians in a box of ${boxSize} pixels`);
  const from = [...new Set(times.map((ms, s) => `${Number(ms.toPrecision(2))} ms for ${of[s]}`))].join(
    " and ",
  );
  return {
    seconds: [seconds[0]!, seconds[1]!],
    from: `a step of ${training.batchSize} particles takes ${from}, measured here${threads === undefined ? "" : ` with ${threads} ${threads === 1 ? "thread" : "threads"}`}, for ${images.count.toLocaleString("en")} particles`,
  };
}

/** All rings of a model's box, in Å. */
const boxDetail = ({ boxSize, apix }: GaussianModel): number =>
  (boxSize * apix) / Math.floor((boxSize - 1) / 2);

/** Milliseconds of a step with random particles. */
async function stepTime(
  { gaussians, boxSize, apix, rings }: { gaussians: number; boxSize: number; apix: number; rings: number },
  {
    vary,
    latent,
    featureSize,
    hidden,
    dropout,
    latentNoise,
    strainPenalty,
    batchSize,
  }: ReturnType<typeof withDefaults>,
  threads: number | undefined,
): Promise<number> {
  const { batch } = exampleBatch({ count: 1, gaussians, boxSize, rings: 1, shared: true });
  const model = { count: gaussians, params: batch.model, boxSize, apix };
  const choice = threads === undefined ? {} : { threads };
  const engine = await createEngine(choice, { model, rings, batchSize });
  try {
    const spec = { latent: Number(latent), featureSize, hidden, dropout };
    return await stepMilliseconds(
      {
        ...{ head: new GaussianHead(model, vary), units: new UnitAssembly(), rings, batchSize, spec },
        ...{ latentNoise, strainPenalty, threads },
      },
      engine,
    );
  } finally {
    await engine.dispose();
  }
}
