import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { finiteText } from "../finite";
import {
  type Eigenmotion,
  type LocalMotions,
  localEigenmotions,
  type MotionComponents,
  type MotionTerm,
  motionComponents,
} from "../latent/motions";
import { pearson } from "../latent/statistics";
import { Run, RunFolder } from "../training/runs/run";
import { inTermsOf } from "./failure";
import { gaussiansInMask } from "./masks";
import {
  examples,
  fileOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { RunCommand, Session } from "./session";
import { noteLeftOut, readUsedParticles, type UsedParticles } from "./usedParticles";

interface MotionsOptions extends QuietOption {
  mask?: string[];
  components?: number;
  motions: number;
  stations: number;
  keepRigid?: boolean;
  seed: number;
  out: string;
}

/** Adds the command `motions`. */
export function addMotions(program: Command, run: RunCommand): void {
  const command = program
    .command("motions")
    .summary("measure the motions that a run has found, of the molecule and of regions")
    .description(
      "Decodes the particles of a run and measures their motion in Å: principal components of the positions of all Gaussians " +
        "(pc1, pc2, …), and for each mask the local eigenmotion, which moves the region most and the rest least (region1, …; " +
        "sum1_2 and difference1_2 of two regions). Writes motions.csv (size, uncertainty, leakage of each), particles.csv (place of " +
        "each particle along each motion in Å), and a path for each motion, pc1.txt, for e2gmm decode --path.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(
      fileOption("--mask <file>", "mask of a region; may be repeated").argParser(
        (text: string, before: string[] = []) => [...before, text],
      ),
    )
    .addOption(
      numberOption(
        "--components <n>",
        "number of principal components (default: one more than axes, at least 3)",
        {
          integer: true,
          least: 1,
        },
      ),
    )
    .addOption(
      numberOption("--motions <n>", "eigenmotions of each region", { integer: true, least: 1, default: 1 }),
    )
    .addOption(numberOption("--stations <n>", "points of each path", { integer: true, least: 2, default: 9 }))
    .addOption(
      new Option(
        "--keep-rigid",
        "keep the motion that the whole molecule shares, which is removed by default",
      ),
    )
    .addOption(seedOption())
    .addOption(required(fileOption("--out <folder>", "output folder, new or empty")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm motions run --out motions",
    "e2gmm motions run --mask arm.mrc --mask lid.mrc --out motions",
    "e2gmm decode run --path motions/pc1.txt --model-out pc1.pdb",
  );
  command.action((folder: string, options: MotionsOptions) =>
    run(options, (session) => measure(folder, options, session)),
  );
}

/** A motion as it is written. */
interface WrittenMotion {
  name: string;
  mask: string;
  /** Numbers of the table; undefined ones are left empty. */
  numbers: Partial<Record<(typeof numberColumns)[number], number>>;
  /** [particles] */
  scores?: Float32Array;
  /** [stations · latent] */
  path: Float32Array;
}

const numberColumns = [
  "size_angstrom",
  "uncertainty_angstrom",
  "explained",
  "leakage",
  "path_inside_angstrom",
  "path_outside_angstrom",
  "path_particles",
] as const;

async function measure(folder: string, options: MotionsOptions, session: Session): Promise<void> {
  const { out, mask: masks = [] } = options;
  const outputs = await session.makes(out);
  const files = new RunFolder(folder);
  const used = await readUsedParticles(files, await files.readRecord());
  const run = await Run.open(folder);
  const opened = session.closing({ close: async () => run.close() });
  const regions: Int32Array[] = [];
  for (const file of masks) regions.push(await gaussiansInMask(run.neutral, file, session));
  const shared = {
    deviations: used.deviations!,
    removeRigid: !options.keepRigid,
    seed: options.seed,
    signal: session.signal,
    onProgress: session.onProgress,
  };
  const { components } = options;
  const found = await inTermsOf(
    { components: "--components" },
    motionComponents(run, used.points, { ...shared, ...(components !== undefined && { components }) }),
  );
  session.print(found.advice);
  const motions = ofComponents(found, options);
  if (regions.length > 0) {
    const names = Object.fromEntries(
      masks.map((file, r) => [masks.length > 1 ? `region ${r + 1}` : "region", file]),
    );
    const local = await inTermsOf(
      { ...names, count: "--motions" },
      localEigenmotions(run, used.points, regions, { ...shared, count: options.motions }),
    );
    motions.push(...ofRegions(local, { ...options, masks }, session));
  }
  if (!options.keepRigid && found.rigid >= 0.1) {
    session.note(`a motion of the whole molecule of ${found.rigid.toFixed(2)} Å RMS was removed first`);
  }
  await opened.close();
  const place = outputs.place(out);
  await mkdir(place, { recursive: true });
  await writeMotions(place, motions, { used, latent: run.latent, out });
  noteLeftOut(used, session, "no table");
  await outputs.keep(session.signal);
  session.print(`${out}: ${motions.map(({ name }) => `${name}.txt`).join(", ")}, motions.csv, particles.csv`);
}

function ofComponents(found: MotionComponents, { stations }: MotionsOptions): WrittenMotion[] {
  const { count, sizes, explained, noise, scores } = found;
  return Array.from({ length: count }, (_, c) => ({
    name: `pc${c + 1}`,
    mask: "",
    numbers: {
      size_angstrom: sizes[c]!,
      explained: explained[c]!,
      ...(noise && { uncertainty_angstrom: noise[c]! }),
    },
    scores: Float32Array.from({ length: scores.length / count }, (_, i) => scores[i * count + c]!),
    path: found.path(c, { stations }),
  }));
}

function ofRegions(
  local: LocalMotions,
  { masks, stations, motions }: MotionsOptions & { masks: readonly string[] },
  session: Session,
): WrittenMotion[] {
  const single = local.regions.flatMap((all, region) =>
    all.map((motion, m) => {
      const name = `region${region + 1}${motions > 1 ? `_${m + 1}` : ""}`;
      const { numbers, path } = traced(local, [{ region, motion: m }], stations);
      const { size, noise, leakage, scores } = motion;
      session.print(
        describe(name, { motion, mask: masks[region]!, gaussians: local.inside[region]!.length }, numbers),
      );
      const own = {
        size_angstrom: size,
        leakage,
        ...(noise !== undefined && { uncertainty_angstrom: noise }),
      };
      return { name, mask: masks[region]!, numbers: { ...own, ...numbers }, scores, path };
    }),
  );
  return [...single, ...ofPairs(local, { masks, stations }, session)];
}

/** Sum and difference of the first motions of each two regions. */
function ofPairs(
  local: LocalMotions,
  { masks, stations }: { masks: readonly string[]; stations: number },
  session: Session,
): WrittenMotion[] {
  const found: WrittenMotion[] = [];
  for (let b = 1; b < masks.length; b++) {
    for (let a = 0; a < b; a++) {
      const r = pearson(local.regions[a]![0]!.scores, local.regions[b]![0]!.scores);
      session.print(
        `region${a + 1} and region${b + 1}: places along both motions correlate with r = ${r.toFixed(2)}`,
      );
      for (const [word, factor] of [
        ["sum", 1],
        ["difference", -1],
      ] as const) {
        const terms = [
          { region: a, motion: 0 },
          { region: b, motion: 0, factor },
        ];
        const mask = `${masks[a]} ${factor > 0 ? "+" : "-"} ${masks[b]}`;
        found.push({ name: `${word}${a + 1}_${b + 1}`, mask, ...traced(local, terms, stations) });
      }
    }
  }
  return found;
}

function traced(
  local: LocalMotions,
  terms: readonly MotionTerm[],
  count: number,
): Pick<WrittenMotion, "numbers" | "path"> {
  const { stations, inside, outside, particles } = local.trace(terms, { stations: count });
  const numbers = {
    path_inside_angstrom: inside,
    path_outside_angstrom: outside,
    path_particles: particles,
  };
  return { numbers, path: stations };
}

function describe(
  name: string,
  { motion, mask, gaussians }: { motion: Eigenmotion; mask: string; gaussians: number },
  {
    path_inside_angstrom: inside,
    path_outside_angstrom: outside,
    path_particles: particles,
  }: WrittenMotion["numbers"],
): string {
  const { size, noise, leakage } = motion;
  const uncertain = noise === undefined ? "" : ` (uncertainty ${noise.toFixed(2)} Å)`;
  return (
    `${name}, ${mask}: ${gaussians} Gaussians move by ${size.toFixed(2)} Å${uncertain}, the rest by ` +
    `${(100 * leakage).toFixed(0)} % of it; path of ${inside!.toFixed(1)} Å inside and ${outside!.toFixed(1)} Å outside, ` +
    `${particles} particles along it`
  );
}

async function writeMotions(
  folder: string,
  motions: readonly WrittenMotion[],
  { used, latent, out }: { used: UsedParticles; latent: number; out: string },
): Promise<void> {
  const table = [["motion", "mask", ...numberColumns].join(",")];
  for (const { name, mask, numbers, path: stations } of motions) {
    const cells = numberColumns.map((column) => {
      const value = numbers[column];
      if (value === undefined) return "";
      return finiteText(value, column === "path_particles" ? 0 : 4, path.join(out, "motions.csv"), column);
    });
    table.push([name, mask.includes(",") ? `"${mask}"` : mask, ...cells].join(","));
    const lines = Array.from({ length: stations.length / latent }, (_, s) =>
      Array.from(stations.subarray(s * latent, (s + 1) * latent), (x, d) =>
        finiteText(x, 6, path.join(out, `${name}.txt`), `z${d + 1} of station ${s + 1}`),
      ).join(","),
    );
    await writeAtomic(path.join(folder, `${name}.txt`), `# ${name}\n${lines.join("\n")}\n`);
  }
  await writeAtomic(path.join(folder, "motions.csv"), `${table.join("\n")}\n`);
  const measured = motions.filter(({ scores }) => scores !== undefined);
  const rows = used.indices.map((index, at) =>
    [index, ...measured.map(({ scores }) => scores![at]!.toFixed(4))].join(","),
  );
  const header = ["index", ...measured.map(({ name }) => name)].join(",");
  await writeAtomic(path.join(folder, "particles.csv"), `${header}\n${rows.join("\n")}\n`);
}
