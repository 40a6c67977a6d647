import { Option } from "commander";
import { InputError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import { readMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import type { GrownModel } from "../model/growth";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { neutralFromParticles, polishNeutralModel } from "../training/neutral/neutralFromParticles";
import type { NeutralReport } from "../training/neutral/neutralOptions";
import { type EngineOptions, engineChoice, engineOptions } from "./engineOptions";
import { dataFolderOption, fileOption, numberOption, particleFileHelp } from "./options";
import type { Outputs } from "./outputs";
import type { Session } from "./session";

/** Options of `neutral` about particles, and those that they share with maps. */
export interface ParticleOptions extends EngineOptions {
  particles?: string;
  half?: 1 | 2;
  halves?: boolean;
  dataFolder?: string;
  mask?: string;
  resolution: number | "auto";
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  symmetry?: string;
  seed: number;
}

/** A model, how it grew, and what particles say about it. */
export interface BuiltModel extends Pick<GrownModel, "model" | "rounds" | "warnings" | "unit"> {
  choices?: string[];
  report?: NeutralReport;
}

/** Options about particles. */
export function particleOptions(): Option[] {
  return [
    fileOption("--particles <file>", `particles with poses: ${particleFileHelp}`),
    numberOption(
      "--half <number>",
      "use one half of the particles: 1 or 2, of _rlnRandomSubset if the file has it, else every other one",
      { integer: true, least: 1, below: 3 },
    ),
    new Option("--halves", "a model of each half of the particles (model_half1.txt and model_half2.txt)"),
    dataFolderOption(),
    ...engineOptions("images and the wasm engine"),
  ];
}

/** The halves of which models are built; undefined for all particles. @throws InputError for options that do not fit */
export function partsOf(options: ParticleOptions & { map?: string }): (1 | 2 | undefined)[] {
  const { map, particles, half, halves } = options;
  if (map === undefined && particles === undefined) {
    throw new InputError("e2gmm neutral", "--map, --particles or both", "neither");
  }
  if (halves && half !== undefined) throw new InputError("--half", "--half or --halves", "both");
  if (particles === undefined && (halves || half !== undefined)) {
    throw new InputError(halves ? "--halves" : "--half", "--particles, whose halves are meant", "none");
  }
  if (halves && map !== undefined) {
    throw new InputError("--halves", "no --map, which shows both halves; use --half with a half map", map);
  }
  if (halves) return [1, 2];
  return [half];
}

/** Opens the particles. */
export async function openSet(
  options: ParticleOptions & { map?: string },
  outputs: Outputs,
  session: Session,
): Promise<ParticleSet> {
  const { particles = "", dataFolder, apix, invertContrast, bytes, map } = options;
  // With a map these options are about the map.
  const ofImages = map === undefined ? { apix, invertContrast } : {};
  const set = session.closing(
    await openParticles(particles, { signal: session.signal, dataFolder, bytes, ...ofImages }),
  );
  await outputs.spare(await set.stackFiles());
  for (const warning of set.warnings) session.note(warning);
  return set;
}

interface ParticleInput extends Omit<ParticleOptions, "half"> {
  set: ParticleSet;
  half: 1 | 2 | undefined;
}

/** The model of particles without a map. */
export async function fromParticles(
  options: Omit<ParticleInput, "resolution"> & {
    resolution: number;
    gaussians?: number;
    boxSize?: number;
    targetFrc: number;
  },
  session: Session,
): Promise<BuiltModel> {
  const { set, resolution, gaussians, boxSize, targetFrc } = options;
  const mask = options.mask === undefined ? undefined : await readMask(options.mask, set, session.reading);
  return neutralFromParticles(set, {
    ...{ ...sharedOptions(options, session), resolution, targetFrc },
    ...(mask && { mask }),
    ...(gaussians !== undefined && { gaussians }),
    ...(boxSize !== undefined && { boxSize }),
  });
}

/** The model of a map, polished against particles. */
export async function polishGrown(
  grown: GrownModel,
  options: Omit<ParticleInput, "mask"> & { map: Volume; mask: Volume | undefined },
  session: Session,
): Promise<BuiltModel> {
  const { set, map, mask } = options;
  const polished = await polishNeutralModel(set, grown.model, {
    ...{ ...sharedOptions(options, session), map },
    ...(mask && { mask }),
  });
  return { ...grown, ...polished };
}

function sharedOptions(
  { half, seed, symmetry, ...input }: Omit<ParticleInput, "mask">,
  { signal, onProgress }: Session,
) {
  return {
    ...{ signal, onProgress, seed, symmetry },
    ...(half !== undefined && { half }),
    engine: engineChoice(input),
  };
}

/** Lines about what polishing did. */
export function reportLines({ sentence, gaussians, particles, verdict }: NeutralReport): string[] {
  const { added, removed, before, after } = gaussians;
  const outliers = particles.outliers > 0 ? `, ${particles.outliers} that do not agree with it left out` : "";
  const lines = [`fitted to ${particles.used} particles${outliers}`, sentence];
  if (verdict === "polished") {
    lines.splice(1, 0, `${before} Gaussians became ${after}: ${added} added, ${removed} taken out`);
  }
  return lines;
}
