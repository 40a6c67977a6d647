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
  engineOption,
  examples,
  fileOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  threadsOption,
} from "./options";
import { openPoses, type Poses, type PosesOptions } from "./poses";
import { projectImages } from "./projectImages";
import { projectionStar } from "./projectionStar";
import type { RunCommand } from "./session";

interface ProjectOptions extends QuietOption {
  model: string;
  star: string;
  out: string;
  ctf?: boolean;
  box?: number;
  apix?: number;
  engine: EngineName | "auto";
  threads?: number;
}

export function addProject(program: Command, run: RunCommand): void {
  const command = program
    .command("project")
    .summary("project a Gaussian model in the poses of a particle file")
    .description(
      "Writes a stack with the projections of a Gaussian model in the poses of a particle file, without noise, and " +
        "beside it a STAR file of them (stack.star for stack.mrcs).",
    )
    .addOption(required(fileOption("--model <file>", "Gaussian model (.txt or .pdb)")))
    .addOption(
      required(
        fileOption("--star <file>", "particle file, whose images are not read, or STAR file of poses alone"),
      ),
    )
    .addOption(new Option("--ctf", "multiply by the CTF of each particle"))
    .addOption(
      numberOption(
        "--box <pixels>",
        "edge of the images (default: as in the particle file, else the model's)",
        {
          integer: true,
          least: 4,
        },
      ),
    )
    .addOption(
      numberOption("--apix <Å>", "pixel size (default: as in the particle file, else the model's)", {
        expected: "a length in Å",
        above: 0,
      }),
    )
    .addOption(engineOption("wasm"))
    .addOption(threadsOption("the wasm engine"))
    .addOption(required(fileOption("--out <file>", "the stack, a .mrcs file")))
    .addOption(quietOption());
  examples(command, "e2gmm project --model model.txt --star poses.star --ctf --out projections.mrcs");
  command.action((options: ProjectOptions) =>
    run(options, async (session) => {
      const { out, engine: name, threads } = options;
      // RELION takes a stack for a map unless its name says otherwise.
      if (path.extname(out).toLowerCase() !== ".mrcs") {
        throw new InputError(out, "a name that ends in .mrcs", path.extname(out) || "no ending");
      }
      const starFile = besideName(out, ".star");
      const outputs = await session.writes([out, starFile], [options.model, options.star]);
      const { signal } = session;
      const model = await readModel(options.model);
      const poses = await openPoses(options.star, posesOptions(model, options), signal);
      for (const notice of poses.notices) session.print(`note: ${notice}`);
      await outputs.spare(poses.stacks);
      const inBox = modelInBox(model, poses, options);
      const size = inBox.boxSize;
      const stack = await createStack(outputs.place(out), { size: [size, size], apix: inBox.apix });
      // A stack is projected once: not worth the start of a GPU unless it is asked for
      if (name === "tensor") await useBackend();
      const engine = await createEngine({ engine: name, ...(threads !== undefined && { threads }) });
      try {
        await projectImages(inBox, poses, engine, (images) => stack.append(images), session);
        await stack.close();
      } finally {
        await stack.abort();
        await engine.dispose();
      }
      await writeAtomic(outputs.place(starFile), projectionStar(poses, path.basename(out), inBox));
      await outputs.keep(signal);
      session.print(
        `${out}: ${poses.count} projections, ${size} pixels of ${inBox.apix.toFixed(3)} Å, ${session.elapsed()}`,
      );
    }),
  );
}

/** With a box or a pixel size of their own the projections need nothing of the images, which may be elsewhere. */
function posesOptions(model: GaussianModel, { ctf, box, apix }: ProjectOptions): PosesOptions {
  const size = box ?? (apix === undefined ? undefined : Math.max(2, Math.round(boxLengthOf(model) / apix)));
  return {
    withCtf: ctf === true,
    images: size === undefined ? undefined : { boxSize: size, apix },
  };
}

/**
 * The model in the pixels of the images; in its own where nothing is said of any.
 * @throws InputError when only the file says how large images are and the model is of another size
 */
function modelInBox(model: GaussianModel, poses: Poses, options: ProjectOptions): GaussianModel {
  const boxLength = boxLengthOf(model);
  const { box, apix } = options;
  if (box !== undefined) return rescaledModel(model, box, apix);
  if (apix !== undefined) return rescaledModel(model, Math.round(boxLength / apix), apix);
  if (poses.box === undefined) return model;
  if (!hasSameBoxLength(poses.box, model)) {
    throw new InputError(
      options.star,
      `images as wide as the box of ${options.model}, ${boxLength.toFixed(1)} Å, or --box and --apix`,
      `${boxLengthOf(poses.box).toFixed(1)} Å (${poses.box.boxSize} pixels of ${poses.box.apix} Å)`,
    );
  }
  return rescaledModel(model, poses.box.boxSize, poses.box.apix);
}
