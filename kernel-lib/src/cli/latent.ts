import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { kMeans } from "../latent/kmeans";
import { openParticles } from "../particles/particleSet";
import { RunFolder } from "../training/runs/run";
import {
  examples,
  fileOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { RunCommand } from "./session";

interface LatentOptions extends QuietOption {
  clusters: number;
  out: string;
  encoder?: boolean;
  seed: number;
}

export function addLatent(program: Command, run: RunCommand): void {
  const command = program
    .command("latent")
    .summary("divide the particles of a run into sets by their place")
    .description(
      "Divides the particles by k-means in the latent space, sets in the order of their first coordinate. Writes a " +
        "folder: for each set set_1.txt (particles, counted from 0, as in latents.csv; particles that were left " +
        "out on reading, such as unaligned ones, do not count) and set_1.star (their rows of the file, every column kept); centres.txt (for e2gmm decode --path) and sets.csv. Particles that were left out of training " +
        "(outliers.csv of the run) are in no set.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(numberOption("--clusters <k>", "number of sets", { integer: true, least: 1 })))
    .addOption(new Option("--encoder", "use the encoder's places instead of the refined ones"))
    .addOption(seedOption())
    .addOption(required(fileOption("--out <folder>", "folder to make")))
    .addOption(quietOption());
  examples(command, "e2gmm latent run --clusters 4 --out sets");
  command.action((folder: string, options: LatentOptions) =>
    run(options, async (session) => {
      const outputs = await session.makes(options.out);
      const files = new RunFolder(folder);
      const record = await files.readRecord();
      const { inputs } = record;
      const latents = await files.readLatents();
      const { latent } = latents;
      const places = options.encoder ? latents.encoder : latents.refined;
      const count = places.length / latent;
      const leftOut = new Set(
        record.outliers?.kept ? [] : (await files.readOutliers(record)).map(({ index }) => index),
      );
      const used = Array.from({ length: count }, (_, i) => i).filter((i) => !leftOut.has(i));
      const points = Float32Array.from(
        used.flatMap((i) => Array.from(places.subarray(i * latent, (i + 1) * latent))),
      );
      if (options.clusters > used.length) {
        throw new InputError(
          "--clusters",
          `at most the ${used.length} particles of ${folder}`,
          `${options.clusters}`,
        );
      }
      const { centres, labels, sizes } = kMeans(points, latent, options.clusters, { seed: options.seed });
      const set = session.closing(
        await openParticles(inputs.particles, {
          signal: session.signal,
          dataFolder: inputs.dataFolder,
          apix: inputs.apix,
          invertContrast: inputs.invertContrast,
        }),
      );
      if (set.count !== count) {
        throw new InputError(inputs.particles, `the ${count} particles of ${folder}`, `${set.count}`);
      }
      const ending = path.extname(inputs.particles).toLowerCase() === ".cs" ? ".cs" : ".star";
      const digits = String(options.clusters).length;
      const place = outputs.place(options.out);
      await mkdir(place);
      const table = [
        ["set", "particles", ...Array.from({ length: latent }, (_, d) => `z${d + 1}`)].join(","),
      ];
      const centreLines: string[] = [];
      for (let c = 0; c < options.clusters; c++) {
        const members = used.filter((_, at) => labels[at] === c);
        const centre = Array.from(centres.subarray(c * latent, (c + 1) * latent), (x, d) =>
          finiteText(x, 6, path.join(options.out, "centres.txt"), `z${d + 1} of set ${c + 1}`),
        );
        const name = `set_${String(c + 1).padStart(digits, "0")}`;
        table.push([name, sizes[c], ...centre].join(","));
        centreLines.push(centre.join(","));
        session.print(`${name}: ${sizes[c]} particles around z = ${centre.join(", ")}`);
        await writeAtomic(path.join(place, `${name}.txt`), members.map((i) => `${i}\n`).join(""));
        if (members.length > 0) await set.select(members).writeStar(path.join(place, `${name}${ending}`));
      }
      await writeAtomic(path.join(place, "sets.csv"), `${table.join("\n")}\n`);
      await writeAtomic(path.join(place, "centres.txt"), `${centreLines.join("\n")}\n`);
      if (leftOut.size > 0) {
        session.print(`note: ${leftOut.size} particles that were left out of training are in no set`);
      }
      await outputs.keep(session.signal);
    }),
  );
}
