import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { populationFigure } from "../display/populationFigure";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { inDeviations, sampleSentence } from "../latent/points";
import { umap } from "../latent/umap";
import type { ParticleSet } from "../particles/particleSet";
import { writeSelection } from "../particles/writeSelection";
import { openRun } from "../training/runs/openRun";
import { type LatentAxis, latentAxes, type Run, RunFolder } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { writeRows } from "../writeRows";
import { writeAxesTable } from "./axesTable";
import {
  type AssignedBy,
  assignments,
  type Division,
  divideParticles,
  type Method,
  methods,
} from "./divisions";
import {
  choiceOption,
  examples,
  fileOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
  threadsOption,
} from "./options";
import { populationTable } from "./populationTable";
import type { RunCommand, Session } from "./session";
import { noteLeftOut, readUsedParticles, type UsedParticles } from "./usedParticles";

interface LatentOptions extends QuietOption {
  clusters?: number | "auto";
  method?: Method;
  by?: AssignedBy;
  threads?: number;
  minClusterSize?: number;
  umap?: boolean;
  angstrom?: boolean;
  population?: boolean;
  out: string;
  encoder?: boolean;
  seed: number;
}

/** Adds the command `latent`. */
export function addLatent(program: Command, run: RunCommand): void {
  const command = program
    .command("latent")
    .summary("divide the particles of a run into sets, or map them")
    .description(
      "Divides the particles of a run into sets by their latent coordinates, ordered by the first coordinate. Writes a folder " +
        "with two files per set, set_1.txt (indices from 0, as in latents.csv; particles that are skipped on reading, such as " +
        "unaligned ones, do not count) and set_1.star (the rows of the particle file with all columns), with centres.txt (for " +
        "e2gmm decode --path), sets.csv, and particles.csv with the set of each particle and how certain it is. Particles " +
        "that were left out of training (outliers.csv of the run) are in no set. A mixture takes the uncertainty of each " +
        "particle's coordinates into account, so that small sets are found and counted; to separate groups particles are then " +
        "assigned by their images, and particles.csv has the probability of each set. In a run with symmetry the sets " +
        "consist of units: the STAR files have a row for each, with the angles that bring it to the place of the first unit, " +
        "so that reconstructions without symmetry show the units of a set there; e2gmm units gives the particles they belong to.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(clustersOption())
    .addOption(
      choiceOption(
        "--method <name>",
        "mixture (Gaussians; default), kmeans, or density (HDBSCAN, which finds the number and leaves particles between " +
          "clusters out)",
        methods,
      ),
    )
    .addOption(
      choiceOption(
        "--by <what>",
        "mixture: by what particles are assigned to separate groups, images (read again, which is more exact; default) or places; " +
          "with symmetry, --encoder, or where there are no separate groups it is places",
        assignments,
      ),
    )
    .addOption(
      numberOption(
        "--min-cluster-size <n>",
        "density: fewest particles of a cluster (default: 1 % of all, at least 20)",
        { integer: true, least: 2 },
      ),
    )
    .addOption(
      new Option("--umap", "also, or only, write umap.csv, a map of the latent space in two dimensions"),
    )
    .addOption(
      new Option(
        "--angstrom",
        "also, or only, write angstrom.csv: places along the axes in Å from the mean (composition: as a fraction of the " +
          "density), their standard deviations, and how much of each axis the view of each particle tells",
      ),
    )
    .addOption(
      new Option(
        "--population",
        "also, or only, write population.csv: the density of the population along each axis, with the errors of the places taken out; " +
          "and pictures of it beside the histogram of the places, population.svg and over the first two axes population_z1_z2.svg",
      ),
    )
    .addOption(new Option("--encoder", "use the encoder's coordinates instead of the refined ones"))
    .addOption(seedOption())
    .addOption(threadsOption("images and projections"))
    .addOption(required(fileOption("--out <folder>", "output folder, new or empty")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm latent run --clusters auto --out sets",
    "e2gmm latent run --clusters 4 --method kmeans --out sets",
    "e2gmm latent run --method density --umap --out sets",
    "e2gmm latent run --angstrom --population --out places",
  );
  command.action((folder: string, options: LatentOptions) =>
    run(options, (session) => analyse(folder, options, session)),
  );
}

/** `--clusters`. */
export function clustersOption(): Option {
  const flags = "--clusters <k>";
  const number = numberOption(flags, "", { integer: true, least: 1, expected: "auto, or an integer" });
  return new Option(flags, "number of sets, or auto to let the particles decide").argParser(
    (text: string, before: unknown) => (text === "auto" ? "auto" : number.parseArg!(text, before)),
  );
}

async function analyse(folder: string, options: LatentOptions, session: Session): Promise<void> {
  const { clusters, method = "mixture", out, by = "images", encoder } = options;
  checkOptions(options);
  const outputs = await session.makes(out);
  const files = new RunFolder(folder);
  const record = await files.readRecord();
  const { symmetry } = record.inputs;
  if (options.by === "images" && symmetry !== undefined) {
    throw new InputError("--by", `places: particles of ${folder} have several places each`, options.by);
  }
  const latent = latentAxes(record);
  const used = await readUsedParticles(files, record, options);
  if (typeof clusters === "number" && clusters > used.indices.length) {
    const expected = `at most the ${used.indices.length} particles of ${folder}`;
    throw new InputError("--clusters", expected, `${clusters}`);
  }
  const axes = await axesOf(folder);
  for (const { summary } of axes) session.print(summary);
  const place = outputs.place(out);
  await mkdir(place, { recursive: true });
  if (clusters !== undefined || method === "density") {
    const division = await divideParticles(
      used,
      latent,
      {
        ...{ ...options, clusters, method, folder },
        by: encoder || symmetry !== undefined ? "places" : by,
      },
      session,
    );
    const set = session.closing(await openRunParticles(record.inputs, { signal: session.signal }));
    if (set.count !== used.total) {
      throw new InputError(
        record.inputs.particles,
        `the ${used.total} particles of ${folder}`,
        `${set.count}`,
      );
    }
    const { evidence } = record;
    if (evidence?.verdict === "none" && division.sizes.length > 1) {
      session.note(
        `the verdict of ${folder} is that no heterogeneity was found: the ${division.sizes.length} sets divide noise, and are ` +
          "not states",
      );
    }
    await writeSets(place, { set, used, division, latent }, out, session);
    noteLeftOut(used, session, "no set");
  }
  if (options.umap) {
    const sampled = await writeUmap(place, used, { latent, seed: options.seed }, session);
    session.print(
      `${path.join(out, "umap.csv")}: ${used.indices.length} particles${sampled && `.${sampled}`}`,
    );
  }
  if (options.angstrom) {
    await writeAxesTable(path.join(place, "angstrom.csv"), used, axes);
    session.print(`${path.join(out, "angstrom.csv")}: ${used.indices.length} particles`);
  }
  if (options.population) {
    await writeAtomic(path.join(place, "population.csv"), populationTable(used, axes, options.seed));
    session.print(`${path.join(out, "population.csv")}: ${used.indices.length} particles`);
    for (const name of await drawPopulation(folder, place, options)) session.print(path.join(out, name));
  }
  await outputs.keep(session.signal);
}

/** The axes of a run. */
function axesOf(folder: string): Promise<LatentAxis[]> {
  return withRun(folder, (run) => run.axes());
}

/** Draws the population of a run along its axes, and over the first two. @returns the names of the files */
function drawPopulation(folder: string, place: string, { seed }: LatentOptions): Promise<string[]> {
  return withRun(folder, async (run) => {
    const files = ["population.svg"];
    await (await populationFigure(run, { seed })).save(path.join(place, files[0]!));
    if (run.latent > 1) {
      files.push("population_z1_z2.svg");
      await (await populationFigure(run, { axes: [0, 1] })).save(path.join(place, files[1]!));
    }
    return files;
  });
}

async function withRun<T>(folder: string, use: (run: Run) => Promise<T>): Promise<T> {
  const run = await openRun(folder);
  try {
    return await use(run);
  } finally {
    run.close();
  }
}

/** @throws InputError for options that contradict each other, and for nothing to do */
function checkOptions(options: LatentOptions): void {
  const { clusters, method, minClusterSize, by, encoder } = options;
  if (by !== undefined && method !== undefined && method !== "mixture") {
    throw new InputError("--by", "--method mixture, which it applies to", method);
  }
  if (by === "images" && encoder) {
    throw new InputError(
      "--by",
      "places with --encoder, whose coordinates the images are not compared at",
      by,
    );
  }
  if (method === "density" && typeof clusters === "number") {
    throw new InputError(
      "--clusters",
      "auto with --method density, which finds the number",
      String(clusters),
    );
  }
  if (minClusterSize !== undefined && method !== "density") {
    throw new InputError("--min-cluster-size", "--method density, which it applies to", method ?? "mixture");
  }
  const tables = options.umap || options.angstrom || options.population;
  if (clusters === undefined && method !== "density" && !tables) {
    const expected = "--clusters, --method density, --umap, --angstrom, or --population";
    throw new InputError("output", expected, "none of them");
  }
}

async function writeSets(
  folder: string,
  sets: { set: ParticleSet; used: UsedParticles; division: Division; latent: number },
  out: string,
  session: Session,
): Promise<void> {
  const { set, used, division, latent } = sets;
  const { centres, labels, sizes, populations, advice } = division;
  if (advice !== undefined) session.print(advice);
  // Symmetry copies are written as STAR files, which can hold their orientations.
  const extension = set.symmetry ? ".star" : set.metadata.extension;
  const digits = String(sizes.length).length;
  const axes = Array.from({ length: latent }, (_, d) => `z${d + 1}`);
  const table = [["set", "particles", ...axes, ...(populations ? ["population"] : [])].join(",")];
  const centreLines: string[] = [];
  for (let c = 0; c < sizes.length; c++) {
    const members = used.indices.filter((_, at) => labels[at] === c);
    const centre = axes.map((axis, d) =>
      finiteText(centres[c * latent + d]!, 6, path.join(out, "centres.txt"), `${axis} of set ${c + 1}`),
    );
    const name = `set_${String(c + 1).padStart(digits, "0")}`;
    const population = populations ? [populations[c]!.toFixed(6)] : [];
    table.push([name, sizes[c], ...centre, ...population].join(","));
    centreLines.push(centre.join(","));
    const share = populations ? `, ${(100 * populations[c]!).toFixed(1)} % of the population` : "";
    session.print(
      `${name}: ${sizes[c]} particles around z = ${centre.map((z) => Number(z).toFixed(2)).join(", ")}${share}`,
    );
    await writeRows(path.join(folder, `${name}.txt`), undefined, members.length, (i) => String(members[i]));
    const file = path.join(folder, `${name}${extension}`);
    if (members.length === 0) continue;
    if (set.symmetry) await writeSelection(file, set, { rows: members, signal: session.signal });
    else await set.select(members).writeStar(file);
  }
  await writeAtomic(path.join(folder, "sets.csv"), `${table.join("\n")}\n`);
  await writeAtomic(path.join(folder, "centres.txt"), `${centreLines.join("\n")}\n`);
  await writeParticleTable(path.join(folder, "particles.csv"), used, division);
}

/** Writes the set of each particle, 0 for none, how certain it is, and the probability of each set. */
function writeParticleTable(file: string, { indices }: UsedParticles, division: Division): Promise<void> {
  const { labels, certainty, probabilities, sizes } = division;
  const sets = sizes.length;
  const names = probabilities ? Array.from(sizes, (_, set) => `p${set + 1}`) : [];
  const header = ["index", "set", ...(certainty ? ["certainty"] : []), ...names].join(",");
  return writeRows(file, header, indices.length, (at) =>
    [
      ...[indices[at], labels[at]! + 1, ...(certainty ? [certainty[at]!.toFixed(4)] : [])],
      ...(probabilities ? Array.from(sizes, (_, set) => probabilities[at * sets + set]!.toFixed(4)) : []),
    ].join(","),
  );
}

/** Writes `umap.csv`. @returns a sentence about the particles that were embedded, if not all were */
async function writeUmap(
  folder: string,
  { indices, points, deviations }: UsedParticles,
  { latent, seed }: { latent: number; seed: number },
  { signal, onProgress }: Session,
): Promise<string> {
  // An axis on which little is known counts little.
  const scaled = deviations ? inDeviations(points, deviations, latent) : points;
  const map = await umap(scaled, latent, { seed, signal, onProgress });
  await writeRows(path.join(folder, "umap.csv"), "index,umap1,umap2", indices.length, (at) =>
    [indices[at], map.points[2 * at]!.toFixed(4), map.points[2 * at + 1]!.toFixed(4)].join(","),
  );
  return sampleSentence(map.mapped.length, indices.length, "the others stand between their neighbours");
}
