import path from "node:path";
import type { Command } from "commander";
import { type BackendName, useBackend } from "../compute/backends";
import { InputError, throwIfStopped } from "../errors";
import { writeMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { Run, runFiles } from "../training/runs/run";
import { type ComponentRange, componentOption, componentPoints } from "./componentPoints";
import { inTermsOf } from "./failure";
import { noteFarPoints } from "./farPoints";
import { checkPoint, givenPoints, type Point, pointOption } from "./latentPoints";
import { modelFormat, numberedNames, writeModel } from "./modelFiles";
import {
  addBoxSize,
  backendOption,
  examples,
  fileOption,
  lengthOption,
  mapOutOption,
  numberOption,
  type QuietOption,
  quietOption,
} from "./options";
import type { Outputs } from "./outputs";
import type { RunCommand, Session } from "./session";

interface DecodeOptions extends QuietOption {
  z?: string[];
  path?: string;
  pc?: ComponentRange;
  stations: number;
  modelOut?: string;
  mapOut?: string;
  boxSize?: number;
  apix?: number;
  backend: BackendName | "auto";
}

/** Adds the command `decode`. */
export function addDecode(program: Command, run: RunCommand): void {
  const command = program
    .command("decode")
    .summary("decode points of the latent space into Gaussians and maps")
    .description(
      "Decodes one or more points of a run's latent space. Several points are written as one PDB file with several models, " +
        "or as numbered text files and maps (motion_1.mrc, motion_2.mrc, … for motion.mrc).",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(
      pointOption("a point, one number per dimension; may be repeated. 0 is the centre of the particles"),
    )
    .addOption(fileOption("--path <file>", "text file with one point per line"))
    .addOption(componentOption())
    .addOption(numberOption("--stations <n>", "points along --pc", { integer: true, least: 2, default: 9 }))
    .addOption(fileOption("--model-out <file>", "write the Gaussians to this file, .txt or .pdb"))
    .addOption(mapOutOption("--map-out <file>", "write the density to this file (MRC)"));
  addBoxSize(command, "voxels", "box size of the map (default: that of the training box)", { least: 1 });
  command
    .addOption(lengthOption("--apix <Å>", "voxel size of the map (default: keeps the box length)"))
    .addOption(backendOption("wasm"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm decode run --z=-1.5,0 --map-out open.mrc --box-size 128",
    "e2gmm decode run --z=-1 --z=0 --z=1 --model-out motion.pdb",
    "e2gmm decode run --pc 1=-8..8 --model-out motion.pdb",
  );
  command.action((folder: string, options: DecodeOptions) =>
    run(options, (session) => decode(folder, options, session)),
  );
}

async function decode(folder: string, options: DecodeOptions, session: Session): Promise<void> {
  const { modelOut, mapOut, boxSize, apix } = options;
  if (modelOut === undefined && mapOut === undefined) {
    throw new InputError("output", "--model-out, --map-out or both", "neither");
  }
  if (mapOut === undefined && (boxSize !== undefined || apix !== undefined)) {
    throw new InputError("--box-size and --apix", "--map-out, which they apply to", "none");
  }
  const points = [...(await readPoints(options)), ...(await componentPoints(folder, options, session))];
  const files = {
    models: modelOut === undefined ? [] : modelFiles(modelOut, points.length),
    maps: mapOut === undefined ? [] : numberedNames(mapOut, points.length),
  };
  const runPaths = Object.values(runFiles).map((name) => path.join(folder, name));
  const outputs = await session.writes([...files.models, ...files.maps], [options.path, ...runPaths]);
  const decoded = await decodePoints(folder, points, options.backend);
  await noteFarPoints(folder, points, session);
  await writeModels(decoded, files.models, outputs);
  await writeMaps(decoded, files.maps, { outputs, options, session });
  await outputs.keep(session.signal);
  for (const file of [...files.models, ...files.maps]) session.print(file);
}

/** One PDB file for all points, or one text file for each. */
function modelFiles(file: string, points: number): string[] {
  return modelFormat(file) === "pdb" ? [file] : numberedNames(file, points);
}

async function writeModels(
  models: readonly GaussianModel[],
  files: readonly string[],
  outputs: Outputs,
): Promise<void> {
  if (files.length === 0) return;
  if (modelFormat(files[0]!) === "pdb") return writeModel(outputs.place(files[0]!), "pdb", models);
  for (const [i, model] of models.entries()) await writeModel(outputs.place(files[i]!), "text", [model]);
}

async function writeMaps(
  models: readonly GaussianModel[],
  files: readonly string[],
  { outputs, options, session }: { outputs: Outputs; options: DecodeOptions; session: Session },
): Promise<void> {
  const { boxSize, apix } = options;
  const grid = { ...(boxSize !== undefined && { boxSize }), ...(apix !== undefined && { apix }) };
  for (const [i, file] of files.entries()) {
    throwIfStopped(session.signal);
    const density = await inTermsOf(
      { boxSize: "--box-size", apix: "--apix" },
      Promise.resolve().then(() => modelDensity(models[i]!, grid)),
    );
    await writeMap(outputs.place(file), density, { signal: session.signal });
    session.onProgress({ task: "maps", done: i + 1, total: files.length });
  }
}

/** @throws InputError for no points, and points that do not consist of numbers */
async function readPoints({ pc, ...given }: DecodeOptions): Promise<Point[]> {
  const points = await givenPoints(given);
  if (points.length === 0 && !pc)
    throw new InputError(given.path ?? "--z", "at least one point of the latent space", "none");
  return points;
}

async function decodePoints(
  folder: string,
  points: readonly Point[],
  backend: BackendName | "auto",
): Promise<GaussianModel[]> {
  await useBackend(backend);
  const run = await Run.open(folder);
  try {
    return points.map((point): GaussianModel => {
      checkPoint(point, run.latent, folder);
      return run.decode(point.z);
    });
  } finally {
    run.close();
  }
}
