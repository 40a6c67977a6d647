import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../compute/backends";
import { InputError } from "../../errors";
import { hasSameBoxLength } from "../../maps/grid";
import { readMap } from "../../maps/mapFile";
import { MapProjector } from "../../maps/mapProjector";
import { resizeVolume } from "../../maps/resize";
import type { Volume } from "../../maps/volume";
import { boxLengthOf, type GaussianModel } from "../../model/gaussianModel";
import { growNeutralModel } from "../../model/growNeutralModel";
import { projectionFrc } from "../../model/projectionFrc";
import { readModelText } from "../../model/text";
import { openParticles, type ParticleSet } from "../../particles/particleSet";
import { beginTask, type TaskOptions } from "../../progress";
import { OpenedTraining } from "../openedTraining";
import { RunFolder } from "../runs/runFolder";
import type { CompleteSettings, TrainingSettings } from "../settings";
import type { CheckedInputs, CheckedRing } from "./checkedInputs";
import { Findings } from "./findings";
import { frameFinding } from "./frameFinding";
import { particleFindings } from "./particleFindings";

/** What {@link checkInputs} is given: the inputs of a training, and how they are read. */
export interface CheckSettings
  extends TaskOptions,
    Pick<
      TrainingSettings,
      "dataFolder" | "apix" | "invertContrast" | "bytes" | "symmetry" | "mask" | "resolution" | "engine"
    > {
  /** Particle file, as for a training. */
  particles: string;
  /** Consensus map (MRC), bright molecule. Without map and model only the particle file is checked. */
  map?: string;
  /** Neutral model (text), in place of one that is made of the map. */
  model?: string;
  /** Particles that are compared with the model, evenly spaced in the file. Default 1,000. */
  sample?: number;
}

const defaultSample = 1000;
/** Gaussians of the model that is made of the map, and the pixels of its box at most: enough to judge, in seconds. */
const gaussians = 256;
const widest = 64;

/**
 * Checks the inputs of a training before it: files, pixel sizes, boxes, CTF, poses, contrast, hand of the map, agreement of particles
 * and map, and what would fit better. It looks at what a training itself looks at, on some of the particles, and with a small model of
 * the map if no model is given. What a training would refuse is an error among the findings, not an exception.
 *
 * @throws InputError for an unusable `sample`; StoppedError
 * @example
 * ```ts
 * const { status, findings } = await e2.training.checkInputs({
 *   particles: "particles.star",
 *   map: "consensus.mrc",
 *   sample: 100,
 * });
 * for (const { topic, sentence } of findings) console.log(`${topic}: ${sentence}`);
 * ```
 */
export async function checkInputs(settings: CheckSettings): Promise<CheckedInputs> {
  const given = beginTask(settings);
  const { sample = defaultSample } = given;
  if (!Number.isInteger(sample) || sample < 10) {
    throw new InputError("sample", "an integer of 10 or more", String(sample));
  }
  const findings = new Findings();
  const set = await findings.attempt("particles", () => openChecked(given));
  if (!set) return findings.result();
  try {
    await particleFindings(set, findings, given);
    const inputs = await modelOf(given, set, findings);
    if (!inputs || findings.hasError) return findings.result();
    const rings = await agreementFindings({ ...given, sample }, { ...inputs, set }, findings);
    return findings.result(rings);
  } finally {
    await set.close();
  }
}

function openChecked({
  particles,
  dataFolder,
  apix,
  invertContrast,
  bytes,
  signal,
}: CheckSettings): Promise<ParticleSet> {
  return openParticles(particles, {
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast !== undefined && { invertContrast }),
    ...(bytes !== undefined && { bytes }),
    ...(signal && { signal }),
  });
}

/** The model that particles are compared with. */
interface ModelInputs {
  neutral: GaussianModel;
  map: Volume | undefined;
  /** File that it comes from. */
  file: string;
}

/** Reads map and model, and makes a model of the map if none is given; undefined if there is neither, or they are unusable. */
async function modelOf(
  { map: mapFile, model: modelFile, resolution, symmetry, bytes, signal, onProgress }: CheckSettings,
  set: ParticleSet,
  findings: Findings,
): Promise<ModelInputs | undefined> {
  const task = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  let map: Volume | undefined;
  if (mapFile !== undefined) {
    const onWarning = (warning: string) => findings.add("map", "warning", warning);
    map = await findings.attempt("map", () => readMap(mapFile, { ...task, bytes, onWarning }));
    if (!map) return undefined;
    const [size, apix] = [map.size[0], map.apix];
    const width = (box: number, pixel: number) =>
      `${(box * pixel).toFixed(1)} Å (${box} pixels of ${pixel.toFixed(3)} Å)`;
    const same = hasSameBoxLength(set, map);
    findings.add(
      "pixel size and box",
      same ? "ok" : "error",
      same
        ? `map and images are ${width(set.boxSize, set.apix)} wide`
        : `the map is ${width(size, apix)} wide, the images ${width(set.boxSize, set.apix)}: use the map of their own refinement, ` +
            "pad or crop it to their box, or correct the pixel size that is wrong (--apix for the images, in a notebook `apix`)",
    );
    if (!same) return undefined;
  }
  if (modelFile !== undefined) {
    const neutral = await findings.attempt("model", () => readModelText(modelFile));
    if (!neutral) return undefined;
    findings.add("model", "ok", `${neutral.count} Gaussians in a box of ${neutral.boxSize} pixels`);
    return { neutral, map, file: modelFile };
  }
  if (!map || mapFile === undefined) return undefined;
  const volume = map;
  const finest = Math.max(resolution ?? 0, 3 * map.apix, (2.2 * boxLengthOfMap(map)) / widest);
  const grown = await findings.attempt("model", () =>
    growNeutralModel(volume, { ...task, resolution: finest, gaussians, symmetry }),
  );
  if (!grown) return undefined;
  for (const warning of grown.warnings) findings.add("model", "warning", warning);
  const { frc } = grown.rounds.at(-1)!;
  findings.add(
    "model",
    "ok",
    `a trial model of ${grown.model.count} Gaussians describes the map to ${finest.toFixed(1)} Å with a mean FRC of ${frc.toFixed(3)}`,
  );
  return { neutral: grown.model, map, file: mapFile };
}

function boxLengthOfMap({ size, apix }: Volume): number {
  return size[0] * apix;
}

/** Compares particles and model as a training does. @returns agreement by ring */
async function agreementFindings(
  settings: CheckSettings & { sample: number },
  { set, neutral, map, file }: ModelInputs & { set: ParticleSet },
  findings: Findings,
): Promise<CheckedRing[]> {
  if (!tf.getBackend()) await useBackend("auto");
  const { sample, resolution, engine, signal, onProgress } = settings;
  // What a training would refuse is said once, with the agreement.
  const unsaid = new Findings();
  const frame = await unsaid.attempt("frame", () =>
    frameFinding({ set, neutral, sample, resolution, engine, signal, ...(onProgress && { onProgress }) }),
  );
  const isTurned = frame?.status === "error";
  const own = await findings.attempt("agreement", () =>
    compared(settings, { neutral, file, isTurned }, findings),
  );
  if (frame && (isTurned || !findings.hasError)) findings.add(frame.topic, frame.status, frame.sentence);
  if (!own) return [];
  const width = own.meanFrc.length;
  const projector = map && new MapProjector(resizeVolume(map, { size: neutral.boxSize }));
  const ofMap = projector && projectionFrc(neutral, projector, width - 1);
  return Array.from({ length: width - 1 }, (_, i) => ({
    ring: i + 1,
    resolution: boxLengthOf(neutral) / (i + 1),
    particles: own.meanFrc[i + 1]!,
    ...(ofMap && { map: ofMap[i + 1]! }),
  }));
}

/** Opens a training with some of the particles, up to where it would begin. @throws InputError if it would refuse them */
async function compared(
  settings: CheckSettings & { sample: number },
  { neutral, file, isTurned }: Pick<ModelInputs, "neutral" | "file"> & { isTurned: boolean },
  findings: Findings,
): Promise<{ meanFrc: Float64Array }> {
  const { sample, map: _map, ...rest } = settings;
  const warn = (warning: string) => findings.add("agreement", "warning", warning);
  const asked: CompleteSettings = {
    ...rest,
    ...{ model: file, out: "", options: { latent: 1 }, poses: "file", onWarning: warn },
    engine: { engine: "wasm", ...rest.engine },
  };
  const place = { folder: new RunFolder(""), resumed: undefined, round: undefined };
  const training = await OpenedTraining.open(asked, { ...place, trial: { neutral, particles: sample } });
  try {
    const { agreement, meanFrc, weights } = await training.trainer.prepare(training.task);
    const { frc, standardError, outliers } = agreement;
    await training.checkFit({ isTurned });
    training.tellDoubts();
    const finest = boxLengthOf(neutral) / weights.lastRing;
    const count = training.inputs.set.originals().count;
    findings.add(
      "agreement",
      "ok",
      `${count} particles agree with the model to ${finest.toFixed(1)} Å, with a mean FRC of ${frc.toFixed(3)} ± ${standardError.toFixed(3)}` +
        (outliers.length === 0 ? "; none is unlike the others" : ""),
    );
    findings.add("contrast", "ok", "particles and map have the same contrast");
    return { meanFrc };
  } finally {
    await training.close();
  }
}
