import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { readLines } from "../formats/textLines";
import type { GaussianModel } from "../model/gaussianModel";
import { type RegionMotion, regionMotion } from "../model/regionMotion";
import type { MeasuredMotion } from "../training/bodies/measuredRegionMotion";
import { Run } from "../training/runs/run";
import { inTermsOf } from "./failure";
import { noteFarPoints } from "./farPoints";
import { gaussiansInMask } from "./masks";
import {
  choiceOption,
  examples,
  fileOption,
  numberOption,
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
  by: "images" | "density" | "centres";
  particles: number;
  out?: string;
}

/** Adds the command `region-motion`. */
export function addRegionMotion(program: Command, run: RunCommand): void {
  const command = program
    .command("region-motion")
    .summary("measure how a region turns and shifts between two states")
    .description(
      "Measures the motion of a region between two points of a run's latent space as that of a rigid body: rotation angle and " +
        "axis, the shift along the axis, a point on the axis in Å from the middle of the box, and what the decoded centres leave over. " +
        "By default it is what the particles' images show, with standard errors; decoded states alone understate motions. Refused " +
        "where the region is no rigid body. Along a path, each point is compared with the first.",
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
        "images: fitted to the particles; density or centres: decoded states are superimposed (Gaussians slip within a density)",
        ["images", "density", "centres"],
      ).default("images"),
    )
    .addOption(
      numberOption("--particles <n>", "with --by images: most particles to measure", {
        integer: true,
        least: 20,
        default: 5000,
      }),
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
  for (const { z, where } of points) {
    if (z.length === run.latent) continue;
    throw new InputError(where, `${run.latent} numbers, one per dimension of ${folder}`, String(z.length));
  }
  await noteFarPoints(run.folder, points, session);
  const places = points.map(({ z }) => z);
  const motions: (RegionMotion | MeasuredMotion)[] = await inTermsOf(
    { region: mask, reference: "--reference" },
    options.by === "images"
      ? run.regionMotion(places, inside, {
          ...session.reading,
          onProgress: session.onProgress,
          particles: options.particles,
          ...(reference && { reference }),
        })
      : decodedMotions(run, places, { by: options.by, inside, reference }),
  );
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

/** Motions between decoded states, of the first to each other one. */
async function decodedMotions(
  run: Run,
  points: readonly number[][],
  {
    by,
    inside,
    reference,
  }: { by: "density" | "centres"; inside: Int32Array; reference: Int32Array | undefined },
): Promise<RegionMotion[]> {
  const [first, ...others] = points.map((z) => run.decode(z));
  return others.map((state, s) =>
    regionMotion(first!, state, inside, {
      by,
      ...(reference && { reference }),
      // Only the whole motion must be rigid: small steps are all noise.
      ...(s < others.length - 1 && { mostLeft: Number.POSITIVE_INFINITY }),
    }),
  );
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

function describe(motion: RegionMotion | MeasuredMotion): string {
  const { angle, axis, axisPoint, translation, size, rmsd, shift } = motion;
  const place = axisPoint ? ` through (${vector(axisPoint, 1)}) Å` : "";
  const [turn, moved] = "angleError" in motion ? [motion.angleError, motion.shiftError] : [];
  const error = (value: number | undefined) => (value === undefined ? "" : ` ± ${value.toFixed(2)}`);
  return (
    `turn of ${angle.toFixed(2)}${error(turn)}° about (${vector(axis, 3)})${place}, ${translation.toFixed(2)} Å along it; ` +
    `its centre moves by ${Math.hypot(...shift).toFixed(2)}${error(moved)} Å; ` +
    `motion ${size.toFixed(2)} Å, left over ${rmsd.toFixed(2)} Å`
  );
}

function tableOf(motions: readonly (RegionMotion | MeasuredMotion)[], file: string): string {
  const columns = [
    "point,angle_degrees,axis_x,axis_y,axis_z,translation_angstrom,point_x,point_y,point_z",
    "shift_x,shift_y,shift_z,motion_angstrom,left_over_angstrom,angle_error_degrees,shift_error_angstrom",
  ].join(",");
  const rows = motions.map((motion, s) => {
    const { angle, axis, translation, axisPoint, shift, size, rmsd } = motion;
    const text = (x: number) => finiteText(x, 4, file, `point ${s + 2}`);
    const place = axisPoint ? axisPoint.map(text) : ["", "", ""];
    return [
      s + 2,
      text(angle),
      ...axis.map(text),
      text(translation),
      ...place,
      ...[...shift, size, rmsd].map(text),
      ...("angleError" in motion ? [motion.angleError, motion.shiftError].map(text) : ["", ""]),
    ].join(",");
  });
  return `${columns}\n${rows.join("\n")}\n`;
}
