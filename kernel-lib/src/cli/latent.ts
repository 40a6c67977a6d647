import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { type Clusters, kMeans } from "../latent/kmeans";
import type { ParticleSet } from "../particles/particleSet";
import { writeSelection } from "../particles/writeSelection";
import { gatherRows } from "../training/batches";
import { RunFolder, type RunRecord } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
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

interface LatentOptions extends QuietOption {
  clusters: number;
  out: string;
  encoder?: boolean;
  seed: number;
}

/** Adds the command `latent`. */
export function addLatent(program: Command, run: RunCommand): void {
  const command = program
    .command("latent")
    .summary("divide the particles of a run into sets")
    .description(
      "Divides the particles of a run into sets by k-means clustering of their latent coordinates, ordered by the first " +
        "coordinate. Writes a folder with two files per set, set_1.txt (indices from 0, as in latents.csv; particles that " +
        "are skipped on reading, such as unaligned ones, do not count) and set_1.star (the rows of the particle file with " +
        "all columns), with centres.txt (for e2gmm decode --path) and sets.csv. Particles that were left out of training " +
        "(outliers.csv of the run) are in no set. In a run with symmetry the sets consist of units: the STAR files have a row for " +
        "each, with the angles that bring it to the place of the first unit, so that reconstructions without symmetry show the " +
        "units of a set there; e2gmm units gives the particles they belong to.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(numberOption("--clusters <k>", "number of sets", { integer: true, least: 1 })))
    .addOption(new Option("--encoder", "use the encoder's coordinates instead of the refined ones"))
    .addOption(seedOption())
    .addOption(required(fileOption("--out <folder>", "output folder, new or empty")))
    .addOption(quietOption());
  examples(command, "e2gmm latent run --clusters 4 --out sets");
  command.action((folder: string, options: LatentOptions) =>
    run(options, (session) => divide(folder, options, session)),
  );
}

/** Latent coordinates of the particles that take part. */
interface UsedParticles {
  /** Indices, ascending. */
  indices: number[];
  /** [indices · latent] */
  points: Float32Array;
  /** Number of particles of the run. */
  total: number;
}

async function divide(folder: string, options: LatentOptions, session: Session): Promise<void> {
  const { clusters: k, out, seed } = options;
  const outputs = await session.makes(out);
  const files = new RunFolder(folder);
  const record = await files.readRecord();
  const { latent } = record.options;
  const used = await readUsedParticles(files, record, options);
  if (k > used.indices.length) {
    throw new InputError("--clusters", `at most the ${used.indices.length} particles of ${folder}`, `${k}`);
  }
  const clusters = kMeans(used.points, latent, k, { seed });
  const set = session.closing(await openRunParticles(record.inputs, { signal: session.signal }));
  if (set.count !== used.total) {
    throw new InputError(record.inputs.particles, `the ${used.total} particles of ${folder}`, `${set.count}`);
  }
  const place = outputs.place(out);
  await mkdir(place);
  await writeSets(place, { set, used, clusters, latent }, options, session);
  const leftOut = used.total - used.indices.length;
  if (leftOut > 0) session.note(`${leftOut} particles that were left out of training are in no set`);
  await outputs.keep(session.signal);
}

/** Reads the latents of all particles but the outliers that were left out of training. */
async function readUsedParticles(
  files: RunFolder,
  record: RunRecord,
  { encoder }: LatentOptions,
): Promise<UsedParticles> {
  const latents = await files.readLatents();
  const coordinates = encoder ? latents.encoder : latents.refined;
  const total = coordinates.length / latents.latent;
  const outliers = record.outliers?.kept ? [] : await files.readOutliers(record);
  const excluded = new Set(outliers.map(({ index }) => index));
  const indices = Array.from({ length: total }, (_, i) => i).filter((i) => !excluded.has(i));
  return { indices, points: gatherRows(coordinates, latents.latent, indices), total };
}

async function writeSets(
  folder: string,
  sets: { set: ParticleSet; used: UsedParticles; clusters: Clusters; latent: number },
  { out, clusters: k }: LatentOptions,
  session: Session,
): Promise<void> {
  const { set, used, clusters, latent } = sets;
  const { centres, labels, sizes } = clusters;
  // Of a .cs file symmetry copies are written as STAR files, which can hold their orientations.
  const extension = path.extname(set.file).toLowerCase() === ".cs" && !set.symmetry ? ".cs" : ".star";
  const digits = String(k).length;
  const table = [["set", "particles", ...Array.from({ length: latent }, (_, d) => `z${d + 1}`)].join(",")];
  const centreLines: string[] = [];
  for (let c = 0; c < k; c++) {
    const members = used.indices.filter((_, at) => labels[at] === c);
    const centre = Array.from(centres.subarray(c * latent, (c + 1) * latent), (x, d) =>
      finiteText(x, 6, path.join(out, "centres.txt"), `z${d + 1} of set ${c + 1}`),
    );
    const name = `set_${String(c + 1).padStart(digits, "0")}`;
    table.push([name, sizes[c], ...centre].join(","));
    centreLines.push(centre.join(","));
    session.print(`${name}: ${sizes[c]} particles around z = ${centre.join(", ")}`);
    await writeAtomic(path.join(folder, `${name}.txt`), members.map((i) => `${i}\n`).join(""));
    const file = path.join(folder, `${name}${extension}`);
    if (members.length === 0) continue;
    if (set.symmetry) await writeSelection(file, set, { rows: members, signal: session.signal });
    else await set.select(members).writeStar(file);
  }
  await writeAtomic(path.join(folder, "sets.csv"), `${table.join("\n")}\n`);
  await writeAtomic(path.join(folder, "centres.txt"), `${centreLines.join("\n")}\n`);
}
