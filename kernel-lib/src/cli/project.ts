import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { useBackend } from "../compute/backends";
import { InputError } from "../errors";
import { createStack } from "../formats/mrc";
import { hasSameBoxLength } from "../maps/grid";
import { rescaledModel } from "../model/edit";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { createEngine, type EngineName } from "../projection/engines";
import { besideName, readModel } from "./modelFiles";
import {
  addBoxSize,
  engineOption,
  examples,
  fileOption,
  lengthOption,
  type QuietOption,
  quietOption,
  required,
  threadsOption,
} from "./options";
import { openPoses, type Poses, type PosesOptions } from "./poses";
import { projectImages } from "./projectImages";
import { projectionStar } from "./projectionStar";
import type { RunCommand, Session } from "./session";

interface ProjectOptions extends QuietOption {
  model: string;
  star: string;
  out: string;
  ctf?: boolean;
  boxSize?: number;
  apix?: number;
  engine: EngineName | "auto";
  threads?: number;
}

/** Adds the command `project`. */
export function addProject(program: Command, run: RunCommand): void {
  const command = program
    .command("project")
    .summary("project a Gaussian model in the poses of a particle file")
    .description(
      "Writes a stack with noise-free projections of a Gaussian model in the poses of a particle file, and beside it their " +
        "STAR file (stack.star for stack.mrcs).",
    )
    .addOption(required(fileOption("--model <file>", "Gaussian model (.txt or .pdb)")))
    .addOption(
      required(
        fileOption(
          "--star <file>",
          "particle file, whose images are not read, or STAR file that contains only poses",
        ),
      ),
    )
    .addOption(new Option("--ctf", "multiply by the CTF of each particle"));
  addBoxSize(
    command,
    "pixels",
    "box size of the images (default: as in the particle file, else the model's)",
    {
      least: 4,
    },
  );
  command
    .addOption(lengthOption("--apix <Å>", "pixel size (default: as in the particle file, else the model's)"))
    .addOption(engineOption("wasm"))
    .addOption(threadsOption("the wasm engine"))
    .addOption(required(fileOption("--out <file>", "output file of the stack, .mrcs")))
    .addOption(quietOption());
  examples(command, "e2gmm project --model model.txt --star poses.star --ctf --out projections.mrcs");
  command.action((options: ProjectOptions) => run(options, (session) => project(options, session)));
}

async function project(options: ProjectOptions, session: Session): Promise<void> {
  const { out } = options;
  // RELION reads a stack as a map unless its extension is .mrcs.
  if (path.extname(out).toLowerCase() !== ".mrcs") {
    throw new InputError(out, "a name that ends in .mrcs", path.extname(out) || "no extension");
  }
  const starFile = besideName(out, ".star");
  const outputs = await session.writes([out, starFile], [options.model, options.star]);
  const model = await readModel(options.model);
  const poses = await openPoses(options.star, posesOptions(model, options), session.signal);
  for (const warning of poses.warnings) session.note(warning);
  await outputs.spare(poses.stacks);
  const inBox = modelInBox(model, poses, options);
  await writeStack(outputs.place(out), inBox, poses, { options, session });
  await writeAtomic(outputs.place(starFile), projectionStar(poses, path.basename(out), inBox));
  await outputs.keep(session.signal);
  session.print(
    `${out}: ${poses.count} projections, ${inBox.boxSize} pixels of ${inBox.apix.toFixed(3)} Å, ${session.elapsed()}`,
  );
}

async function writeStack(
  file: string,
  model: GaussianModel,
  poses: Poses,
  { options, session }: { options: ProjectOptions; session: Session },
): Promise<void> {
  const { engine: name, threads } = options;
  const { boxSize, apix } = model;
  const stack = await createStack(file, { size: [boxSize, boxSize], apix });
  // Starting a GPU does not pay off for a single pass, unless it is requested.
  if (name === "tensor") await useBackend();
  const engine = await createEngine({
    engine: name === "auto" ? "wasm" : name,
    ...(threads !== undefined && { threads }),
  });
  try {
    await projectImages({ model, views: poses, engine }, (images) => stack.append(images), session);
    await stack.close();
  } finally {
    await stack.abort();
    await engine.dispose();
  }
}

/** With a box size or pixel size of their own, projections do not depend on the images, which may be missing. */
function posesOptions(model: GaussianModel, { ctf, boxSize, apix }: ProjectOptions): PosesOptions {
  const size =
    boxSize ?? (apix === undefined ? undefined : Math.max(2, Math.round(boxLengthOf(model) / apix)));
  return {
    withCtf: ctf === true,
    images: size === undefined ? undefined : { boxSize: size, apix },
  };
}

/**
 * The model in the pixels of the images; unchanged if nothing specifies them.
 * @throws InputError if only the file specifies the images, and its box length differs from the model's
 */
function modelInBox(model: GaussianModel, poses: Poses, options: ProjectOptions): GaussianModel {
  const boxLength = boxLengthOf(model);
  const { boxSize, apix } = options;
  if (boxSize !== undefined) return rescaledModel(model, boxSize, apix);
  if (apix !== undefined) return rescaledModel(model, Math.round(boxLength / apix), apix);
  if (poses.box === undefined) return model;
  if (!hasSameBoxLength(poses.box, model)) {
    throw new InputError(
      options.star,
      `images as wide as the box of ${options.model}, ${boxLength.toFixed(1)} Å, or --box-size and --apix`,
      `${boxLengthOf(poses.box).toFixed(1)} Å (${poses.box.boxSize} pixels of ${poses.box.apix} Å)`,
    );
  }
  return rescaledModel(model, poses.box.boxSize, poses.box.apix);
}
