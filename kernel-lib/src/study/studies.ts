import { InputError } from "../errors";
import { openParticles } from "../particles/particleSet";
import { beginTask } from "../progress";
import { defaultTrainingOptions } from "../training/options";
import { runStudy } from "./runStudy";
import type { HalvesSettings, OptionsSettings, SeedsSettings, StudyPart, StudySettings } from "./settings";
import { StudyFolder } from "./studyFolder";
import type { StudyReport } from "./studyReport";

/**
 * Even/odd study: everything twice, on halves of the particles that never meet. Each half is reconstructed, gets a Gaussian model
 * and a training of its own. Then each particle is placed in both latent spaces, in one of which it was never seen, and
 * compared are the spaces (each axis told from the places in the other space), what they change (motion in the same region,
 * density), the distribution of the particles, the clusters (matched one to one, with their sizes and their arrangement), and averages of matched
 * clusters, or of the thirds of a continuum.
 *
 * Halves are those of `rlnRandomSubset`, else random; particles that share an image stay together. Each training
 * checks the poses of the file.
 *
 * Writes `study.html`, `study.ipynb` and `study.json`, and a folder for each half. A study that was stopped continues when it is
 * called again with the same settings; finished parts are not repeated. With `part` only that half is made, for job arrays.
 *
 * @returns the report, as in `study.json`; undefined with `part`
 * @throws InputError for bad input, and for a folder with other files or with a study of other settings; StoppedError
 * @example
 * ```ts no-run
 * const report = await e2.study.halves({ particles: "particles.star", out: "study", resolution: 8 });
 * console.log(report?.sentence);
 * ```
 */
export async function studyHalves(given: HalvesSettings): Promise<StudyReport | undefined> {
  const settings = beginTask(given);
  const { particles, dataFolder, apix, bytes, signal, model, gaussians = 512, resolution } = settings;
  if (model === undefined && resolution === undefined) {
    throw new InputError(
      "resolution",
      "a resolution in Å for the models of the halves, or a model",
      "neither",
    );
  }
  const set = await openParticles(particles, { dataFolder, apix, bytes, ...(signal && { signal }) });
  const hasHalves = set.randomSubset !== undefined;
  await set.close();
  const parts = ([1, 2] as const).map(
    (half): StudyPart => ({
      ...{ name: `half${half}`, label: `half ${half}`, half, options: settings.options ?? {} },
    }),
  );
  const notes = [
    hasHalves ? "The halves are those of the file (rlnRandomSubset)." : "The halves are random.",
    model === undefined
      ? "Each half has its own reconstruction, model and training."
      : "Both halves use the same model: they are not independent.",
    "Each training checks the poses of the file, and refines them if they are not good (run.json). Unless the halves were refined " +
      "apart, what poses of the file imitate is common to both.",
  ];
  return runStudy({
    kind: "halves",
    parts,
    settings: { ...settings, gaussians },
    own: { gaussians },
    notes,
  });
}

/**
 * The same training with several seeds, compared as by {@link studyHalves}: what depends on the seed is not in the data. All parts
 * see the same particles, so that what is reproduced may still be a property of this data set; averages are not compared.
 * @returns the report, as in `study.json`; undefined with `part`
 * @throws InputError as {@link studyHalves}; StoppedError
 * @example
 * ```ts no-run
 * const settings = { particles: "particles.star", model: "neutral.txt", out: "seeds" };
 * const report = await e2.study.seeds({ ...settings, seeds: [1, 2, 3] });
 * console.log(report?.sentence);
 * ```
 */
export async function studySeeds(given: SeedsSettings): Promise<StudyReport | undefined> {
  const { seeds, ...settings } = beginTask(given);
  if (seeds.length < 2 || new Set(seeds).size < seeds.length || !seeds.every(Number.isInteger)) {
    throw new InputError("seeds", "two different integers or more", seeds.join(", ") || "none");
  }
  const parts = seeds.map(
    (seed): StudyPart => ({
      ...{ name: `seed_${seed}`, label: `seed ${seed}`, options: { ...settings.options, seed } },
    }),
  );
  const notes = ["All parts have the same particles and the same model."];
  return runStudy({ kind: "seeds", parts, settings, own: { seeds }, notes });
}

/**
 * The same particles with several sets of options, compared as by {@link studyHalves}. Which describes held-out particles better
 * is in the evidence of each part.
 * @returns the report, as in `study.json`; undefined with `part`
 * @throws InputError as {@link studyHalves}; StoppedError
 * @example
 * ```ts no-run
 * const settings = { particles: "particles.star", model: "neutral.txt", out: "options" };
 * const sets = { two: { latent: 2 }, four: { latent: 4 } };
 * const report = await e2.study.options({ ...settings, sets });
 * console.log(report?.parts.map(({ name, gain }) => `${name}: ${gain}`));
 * ```
 */
export async function studyOptions(given: OptionsSettings): Promise<StudyReport | undefined> {
  const { sets, ...settings } = beginTask(given);
  const names = Object.keys(sets);
  if (names.length < 2) throw new InputError("sets", "two sets of options or more", `${names.length}`);
  const wrong = names.find((name) => !/^\w[\w.-]*$/.test(name));
  if (wrong !== undefined) {
    throw new InputError(
      "sets",
      "names of letters, digits, dots, hyphens and underscores",
      JSON.stringify(wrong),
    );
  }
  for (const name of names) {
    const unknown = Object.keys(sets[name]!).find((option) => !(option in defaultTrainingOptions));
    if (unknown === undefined) continue;
    throw new InputError(
      `sets: ${name}`,
      `options of a training: ${Object.keys(defaultTrainingOptions).join(", ")}`,
      unknown,
    );
  }
  const parts = names.map(
    (name): StudyPart => ({
      ...{
        name: `options_${name}`,
        label: `options ${name}`,
        options: { ...settings.options, ...sets[name] },
      },
    }),
  );
  const notes = [
    "All parts have the same particles and the same model. Gains of evidence are of particles that were held out: compare them " +
      "for options with the same seed, which hold out the same particles.",
  ];
  return runStudy({ kind: "options", parts, settings, own: { sets }, notes });
}

/**
 * Continues a study with the settings of its folder: makes the parts that are missing, and the comparison.
 * @param how which part, if only one; with what it computes, and whether it is queued. Everything else is as the study was started
 * @returns the report, as in `study.json`; undefined with `part` or `queue`
 * @throws InputError if the folder has no study, or the particles have changed; StoppedError
 * @example
 * ```ts no-run
 * const report = await e2.study.resume("study", { engine: { threads: 8 } });
 * console.log(report?.sentence);
 * ```
 */
export async function resumeStudy(
  folder: string,
  how: Omit<Partial<StudySettings>, "particles" | "model" | "out" | "options" | "clusters"> = {},
): Promise<StudyReport | undefined> {
  const begun = beginTask(how);
  const {
    kind,
    format: _,
    sha256: __,
    modelSha256: ___,
    ...recorded
  } = await new StudyFolder(folder).readSettings();
  const settings = { ...begun, ...recorded, out: folder } as StudySettings;
  if (kind === "halves") return studyHalves(settings);
  return kind === "seeds" ? studySeeds(settings as SeedsSettings) : studyOptions(settings as OptionsSettings);
}

/**
 * The report of a study that is complete.
 * @throws InputError if the folder has none, or it is damaged
 * @example
 * ```ts no-run
 * const report = await e2.study.read("study");
 * for (const section of e2.study.sections(report)) console.log(section.title);
 * ```
 */
export function readStudy(folder: string): Promise<StudyReport> {
  return new StudyFolder(folder).readReport();
}
