import path from "node:path";
import { type Command, Option } from "commander";
import { type BackendName, useBackend } from "../compute/backends";
import { InputError, throwIfStopped } from "../errors";
import { writeMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { Run, runFiles } from "../training/runs/run";
import { inTermsOf } from "./failure";
import { modelFormat, writeModel } from "./modelFiles";
import {
  backendOption,
  examples,
  fileOption,
  numberOption,
  parseNumbers,
  type QuietOption,
  quietOption,
  readLines,
} from "./options";
import type { RunCommand } from "./session";

/** A point of the latent space, and where it was given. */
interface Point {
  z: number[];
  where: string;
}

interface DecodeOptions extends QuietOption {
  z?: string[];
  path?: string;
  modelOut?: string;
  mapOut?: string;
  box?: number;
  apix?: number;
  backend: BackendName | "auto";
}

export function addDecode(program: Command, run: RunCommand): void {
  const command = program
    .command("decode")
    .summary("turn points of the latent space into Gaussians and maps")
    .description(
      "Decodes one or more points of a run's latent space. Several points make one PDB file of several models, or " +
        "numbered text files and maps (motion_1.mrc, motion_2.mrc, … for motion.mrc).",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(
      new Option(
        "--z <a,b,…>",
        "a point, a number for each dimension; may be repeated. 0 is the middle of what the particles show",
      ).argParser((text: string, before: string[] = []) => [...before, text]),
    )
    .addOption(fileOption("--path <file>", "text file of points, one a line"))
    .addOption(fileOption("--model-out <file>", "write the Gaussians, as .txt or .pdb"))
    .addOption(fileOption("--map-out <file>", "write the density (MRC)"))
    .addOption(
      numberOption("--box <voxels>", "edge of the map (default: that of the training box)", {
        integer: true,
        least: 1,
      }),
    )
    .addOption(
      numberOption("--apix <Å>", "voxel size of the map (default: what keeps the box's size)", {
        expected: "a length in Å",
        above: 0,
      }),
    )
    .addOption(backendOption("wasm"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm decode run --z=-1.5,0 --map-out open.mrc --box 128",
    "e2gmm decode run --z=-1 --z=0 --z=1 --model-out motion.pdb",
  );
  command.action((folder: string, options: DecodeOptions) =>
    run(options, async (session) => {
      const { modelOut, mapOut, box, apix } = options;
      if (modelOut === undefined && mapOut === undefined) {
        throw new InputError("output", "--model-out, --map-out or both", "neither");
      }
      if (mapOut === undefined && (box !== undefined || apix !== undefined)) {
        throw new InputError("--box and --apix", "--map-out beside them", "none");
      }
      const points = await readPoints(options);
      const format = modelOut === undefined ? undefined : modelFormat(modelOut);
      const models =
        modelOut === undefined ? [] : format === "pdb" ? [modelOut] : numbered(modelOut, points.length);
      const maps = mapOut === undefined ? [] : numbered(mapOut, points.length);
      const files = Object.values(runFiles).map((name) => path.join(folder, name));
      const outputs = await session.writes([...models, ...maps], [options.path, ...files]);
      const decoded = await decode(folder, points, options.backend);
      if (format === "pdb") await writeModel(outputs.place(models[0]!), "pdb", decoded);
      for (const [i, model] of decoded.entries()) {
        throwIfStopped(session.signal);
        if (format === "text") await writeModel(outputs.place(models[i]!), "text", [model]);
        if (maps.length === 0) continue;
        const grid = { ...(box !== undefined && { boxSize: box }), ...(apix !== undefined && { apix }) };
        const density = await inTermsOf(
          { boxSize: "--box", apix: "--apix" },
          Promise.resolve().then(() => modelDensity(model, grid)),
        );
        await writeMap(outputs.place(maps[i]!), density, { signal: session.signal });
        session.onProgress({ task: "maps", done: i + 1, total: decoded.length });
      }
      await outputs.keep(session.signal);
      for (const file of [...models, ...maps]) session.print(file);
    }),
  );
}

/** @throws InputError when there are none, or one is not made of numbers */
async function readPoints({ z = [], path: file }: DecodeOptions): Promise<Point[]> {
  const points = z.map((text) => ({ z: parseNumbers(text, "--z"), where: `--z ${text}` }));
  if (file !== undefined) {
    for (const { text, where } of await readLines(file)) points.push({ z: parseNumbers(text, where), where });
  }
  if (points.length === 0)
    throw new InputError(file ?? "--z", "at least one point of the latent space", "none");
  return points;
}

async function decode(folder: string, points: readonly Point[], backend: BackendName | "auto") {
  await useBackend(backend);
  const run = await Run.open(folder);
  try {
    return points.map(({ z, where }): GaussianModel => {
      if (z.length !== run.latent) {
        const expected = `${run.latent} ${run.latent === 1 ? "number" : "numbers"}, the dimensions of ${folder}`;
        throw new InputError(where, expected, String(z.length));
      }
      return run.decode(z);
    });
  } finally {
    run.close();
  }
}

/** `motion_01.mrc` … for several, with as many digits as the last needs; the name itself for one. */
function numbered(file: string, count: number): string[] {
  if (count === 1) return [file];
  const { dir, name, ext } = path.parse(file);
  const digits = String(count).length;
  return Array.from({ length: count }, (_, i) =>
    path.join(dir, `${name}_${String(i + 1).padStart(digits, "0")}${ext}`),
  );
}
