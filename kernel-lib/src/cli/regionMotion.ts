import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { readLines } from "../formats/textLines";
import type { GaussianModel } from "../model/gaussianModel";
import { type RegionMotion, regionMotion } from "../model/regionMotion";
import { Run } from "../training/runs/run";
import { inTermsOf } from "./failure";
import { gaussiansInMask } from "./masks";
import {
  choiceOption,
  examples,
  fileOption,
  parseNumbers,
  type QuietOption,
  quietOption,
  required,
} from "./options";
import type { RunCommand, Session } from "./session";

interface RegionMotionOptions extends QuietOption {
  mask: string;
  from?: string;
  to?: string;
  path?: string;
  reference?: string;
  by: "density" | "centres";
  out?: string;
}

/** Adds the command `region-motion`. */
export function addRegionMotion(program: Command, run: RunCommand): void {
  const command = program
    .command("region-motion")
    .summary("measure how a region turns and shifts between two states")
    .description(
      "Measures the motion of a region between two points of a run's latent space as that of a rigid body: rotation angle and " +
        "axis, the shift along the axis, a point on the axis in Å from the middle of the box, and what is left over. Refused where the " +
        "region is no rigid body. Along a path, each point is compared with the first.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(fileOption("--mask <file>", "mask of the region")))
    .addOption(new Option("--from <a,b,…>", "first point, one number per dimension"))
    .addOption(new Option("--to <a,b,…>", "second point"))
    .addOption(fileOption("--path <file>", "text file with one point per line, instead of --from and --to"))
    .addOption(
      fileOption(
        "--reference <mask>",
        "mask of what is held still, or rest for all outside of the region (default: the frame of the map)",
      ),
    )
    .addOption(
      choiceOption(
        "--by <what>",
        "density or centres: what is superimposed (Gaussians slip within a density)",
        ["density", "centres"],
      ).default("density"),
    )
    .addOption(fileOption("--out <file>", "table of the motions (CSV)"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm region-motion run --mask arm.mrc --from=-1.5,0 --to=1.5,0 --reference rest",
    "e2gmm region-motion run --mask arm.mrc --path motions/region1.txt --out arm.csv",
  );
  command.action((folder: string, options: RegionMotionOptions) =>
    run(options, (session) => measure(folder, options, session)),
  );
}

async function measure(folder: string, options: RegionMotionOptions, session: Session): Promise<void> {
  const { out, mask, path } = options;
  const outputs = out === undefined ? undefined : await session.writes([out], [mask, path]);
  const points = await readPoints(options);
  const run = await Run.open(folder);
  session.closing({ close: async () => run.close() });
  const inside = await gaussiansInMask(run.neutral, mask, session);
  const reference = await referenceOf(run.neutral, inside, options, session);
  const states = points.map(({ z, where }) => {
    if (z.length === run.latent) return run.decode(z);
    throw new InputError(where, `${run.latent} numbers, one per dimension of ${folder}`, String(z.length));
  });
  const motions: RegionMotion[] = [];
  for (const state of states.slice(1)) {
    // Only the whole motion must be rigid: small steps are all noise.
    const last = motions.length === states.length - 2;
    const settings = {
      by: options.by,
      ...(reference && { reference }),
      ...(!last && { mostLeft: Number.POSITIVE_INFINITY }),
    };
    const measured = Promise.resolve().then(() => regionMotion(states[0]!, state, inside, settings));
    motions.push(await inTermsOf({ region: mask, reference: "--reference" }, measured));
  }
  session.print(`${mask}: ${inside.length} of ${run.neutral.count} Gaussians`);
  for (const [s, motion] of motions.entries()) {
    session.print(`${points[0]!.z.join(",")} to ${points[s + 1]!.z.join(",")}: ${describe(motion)}`);
  }
  if (outputs && out !== undefined) {
    await writeAtomic(outputs.place(out), tableOf(motions, out));
    await outputs.keep(session.signal);
    session.print(out);
  }
}

/** @throws InputError unless there are two points or more */
async function readPoints({
  from,
  to,
  path,
}: RegionMotionOptions): Promise<{ z: number[]; where: string }[]> {
  if (path === undefined) {
    if (from === undefined || to === undefined) {
      throw new InputError("points", "--from and --to, or --path", from ?? to ?? "none");
    }
    return [
      { z: parseNumbers(from, "--from"), where: "--from" },
      { z: parseNumbers(to, "--to"), where: "--to" },
    ];
  }
  if (from !== undefined || to !== undefined)
    throw new InputError("points", "--path, or --from and --to", "both");
  const lines = await readLines(path);
  if (lines.length < 2) throw new InputError(path, "two points or more", String(lines.length));
  return lines.map(({ text, where }) => ({ z: parseNumbers(text, where), where }));
}

async function referenceOf(
  model: GaussianModel,
  inside: Int32Array,
  { reference }: RegionMotionOptions,
  session: Session,
): Promise<Int32Array | undefined> {
  if (reference === undefined) return undefined;
  if (reference !== "rest") return gaussiansInMask(model, reference, session);
  const region = new Set(inside);
  return Int32Array.from({ length: model.count }, (_, i) => i).filter((i) => !region.has(i));
}

const vector = (values: readonly number[], decimals: number) =>
  values.map((x) => x.toFixed(decimals)).join(", ");

function describe({ angle, axis, axisPoint, translation, size, rmsd, shift }: RegionMotion): string {
  const place = axisPoint ? ` through (${vector(axisPoint, 1)}) Å` : "";
  return (
    `turn of ${angle.toFixed(2)}° about (${vector(axis, 3)})${place}, ${translation.toFixed(2)} Å along it; ` +
    `its centre moves by ${Math.hypot(...shift).toFixed(2)} Å; ` +
    `motion ${size.toFixed(2)} Å, left over ${rmsd.toFixed(2)} Å`
  );
}

function tableOf(motions: readonly RegionMotion[], file: string): string {
  const columns = [
    "point,angle_degrees,axis_x,axis_y,axis_z,translation_angstrom,point_x,point_y,point_z",
    "shift_x,shift_y,shift_z,motion_angstrom,left_over_angstrom",
  ].join(",");
  const rows = motions.map(({ angle, axis, translation, axisPoint, shift, size, rmsd }, s) => {
    const text = (x: number) => finiteText(x, 4, file, `point ${s + 2}`);
    const place = axisPoint ? axisPoint.map(text) : ["", "", ""];
    return [
      s + 2,
      text(angle),
      ...axis.map(text),
      text(translation),
      ...place,
      ...[...shift, size, rmsd].map(text),
    ].join(",");
  });
  return `${columns}\n${rows.join("\n")}\n`;
}
