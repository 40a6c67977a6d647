import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../compute/backends";
import { InputError, StoppedError } from "../../errors";
import { hasSameBoxLength } from "../../maps/grid";
import { readMap } from "../../maps/mapFile";
import { MapProjector } from "../../maps/mapProjector";
import { resizeVolume } from "../../maps/resize";
import type { Volume } from "../../maps/volume";
import { boxLengthOf, type GaussianModel, Row } from "../../model/gaussianModel";
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
/** Particles that are compared with each of the maps that are turned over, at most. */
const mostTurnedOver = 200;
/** Standard errors from which one hand agrees better than the other. */
const significant = 4;

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
    const rings = await agreementFindings({ ...given, sample }, inputs, findings);
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
  { neutral, map, file }: ModelInputs,
  findings: Findings,
): Promise<CheckedRing[]> {
  if (!tf.getBackend()) await useBackend("auto");
  const own = await findings.attempt("agreement", () => compared(settings, file, neutral, findings));
  await frameFinding(settings, { neutral, file }, findings);
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

/** How well particles agree with a model. */
interface Compared {
  frc: number;
  standardError: number;
  meanFrc: Float64Array;
}

function isBetter(one: Compared, other: Compared): boolean {
  return one.frc - other.frc > significant * Math.hypot(one.standardError, other.standardError);
}

/** Opens a training with some of the particles, up to where it would begin. @throws InputError if it would refuse them */
async function compared(
  settings: CheckSettings & { sample: number },
  file: string,
  neutral: GaussianModel,
  findings: Findings | undefined,
): Promise<Compared> {
  const { sample, map: _map, ...rest } = settings;
  const warn = (warning: string) => findings?.add("agreement", "warning", warning);
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
    if (findings) {
      await training.checkFit();
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
    }
    return { frc, standardError, meanFrc };
  } finally {
    await training.close();
  }
}

/** The same without findings; undefined if a training would refuse these. @throws StoppedError */
async function comparedQuietly(
  settings: CheckSettings & { sample: number },
  file: string,
  neutral: GaussianModel,
): Promise<Compared | undefined> {
  try {
    return await compared(settings, file, neutral, undefined);
  } catch (error) {
    if (error instanceof StoppedError) throw error;
    return undefined;
  }
}

/** Ways in which a map can be turned over in its box, as signs of x, y and z; an odd number of minus signs changes the hand. */
const waysOver = [
  { signs: [-1, 1, 1], name: "mirrored along x" },
  { signs: [1, -1, 1], name: "mirrored along y" },
  { signs: [1, 1, -1], name: "mirrored along z" },
  { signs: [-1, -1, -1], name: "inverted through its centre" },
  { signs: [1, -1, -1], name: "turned by 180° about x" },
  { signs: [-1, 1, -1], name: "turned by 180° about y" },
  { signs: [-1, -1, 1], name: "turned by 180° about z" },
] as const;

/**
 * Whether particles agree better with the map turned over: other programs mirror along another axis, which is also a turn of the frame.
 * All are compared on the same particles.
 */
async function frameFinding(
  settings: CheckSettings & { sample: number },
  { neutral, file }: Pick<ModelInputs, "neutral" | "file">,
  findings: Findings,
): Promise<void> {
  const few = { ...settings, sample: Math.min(settings.sample, mostTurnedOver) };
  const asIs = await comparedQuietly(few, file, neutral);
  const others: { name: string; isMirror: boolean; agreement: Compared }[] = [];
  for (const { signs, name } of waysOver) {
    const agreement = await comparedQuietly(few, file, turnedOver(neutral, signs));
    if (agreement) others.push({ name, isMirror: signs[0] * signs[1] * signs[2] < 0, agreement });
  }
  others.sort((one, other) => other.agreement.frc - one.agreement.frc);
  const [best] = others;
  if (!best) return;
  const number = ({ frc }: Compared) => frc.toFixed(3);
  if (!asIs || isBetter(best.agreement, asIs)) {
    const { name, isMirror, agreement } = best;
    const but = `the particles agree better with the map ${name} (mean FRC ${number(agreement)}${asIs ? ` instead of ${number(asIs)}` : ""})`;
    const advice = "use the map that the poses were refined against";
    if (isMirror) {
      findings.add(
        "hand",
        "error",
        `${but}: the map has the other hand than the poses, or lies otherwise in its box; ${advice}, or turn its hand (relion_image_handler --invert_hand mirrors along x)`,
      );
    } else findings.add("frame", "error", `${but}: map and poses are in different frames; ${advice}`);
    return;
  }
  const mirrored = others.find(({ isMirror }) => isMirror);
  if (!mirrored || findings.hasError) return;
  findings.add(
    "hand",
    "ok",
    isBetter(asIs, mirrored.agreement)
      ? `the particles agree better with the map than with its mirror images (mean FRC ${number(asIs)}, ${number(mirrored.agreement)} or less)`
      : `the particles agree as well with the map ${mirrored.name} (mean FRC ${number(asIs)}, ${number(mirrored.agreement)}), which does not show its hand at this resolution`,
  );
}

/** The model with the signs of its coordinates changed. */
function turnedOver(model: GaussianModel, signs: readonly [number, number, number]): GaussianModel {
  const params = model.params.slice();
  for (const [axis, sign] of signs.entries()) {
    const row = (Row.x + axis) * model.count;
    for (let i = row; i < row + model.count; i++) params[i]! *= sign;
  }
  return { ...model, params };
}
