import { type Command, Option } from "commander";
import { InputError } from "../errors";
import { simulateCircularMotion, simulateComposition, simulateLinearMotion } from "../simulate/designs";
import {
  addBoxSize,
  examples,
  fileOption,
  lengthOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface SimulateCommandOptions extends QuietOption {
  out: string;
  states?: number;
  particlesPerState?: number;
  range?: number;
  radius?: number;
  boxSize: number;
  apix: number;
  snr: number;
  shifts: number;
  ctf?: boolean;
  seed: number;
}

const designs = ["linear", "circular", "compositional"] as const;
type Design = (typeof designs)[number];

/** Adds the command `simulate`. */
export function addSimulate(program: Command, run: RunCommand): void {
  const command = program
    .command("simulate")
    .summary("simulate particles with a known motion")
    .description(
      "Simulates particles and writes a folder with particles.mrcs, particles.star (RELION 3.1), consensus.mrc (the mean " +
        "map) and truth.csv (the state of each particle). Designs: linear, a small domain moves along a line (20 states of " +
        "200 particles by default); circular, it moves around a circle (36 of 100); compositional, two domains are present " +
        "or absent (4 of 500).",
    )
    .argument("<design>", designs.join(", "))
    .addOption(required(fileOption("--out <folder>", "output folder, new or empty")));
  for (const option of motionOptions()) command.addOption(option);
  addBoxSize(command, "pixels", "box size of the images", { least: 16, default: 64 });
  command
    .addOption(lengthOption("--apix <Å>", "pixel size").default(3))
    .addOption(
      numberOption("--snr <ratio>", "signal-to-noise ratio, as a ratio of variances", {
        above: 0,
        default: 1,
      }),
    )
    .addOption(
      numberOption("--shifts <Å>", "largest shift along x and y", {
        expected: "a length in Å",
        least: 0,
        default: 0,
      }),
    )
    .addOption(new Option("--ctf", "apply CTFs of a 300 kV microscope with 8,000 to 20,000 Å underfocus"))
    .addOption(seedOption())
    .addOption(quietOption());
  examples(command, "e2gmm simulate linear --range 0.36 --out linear");
  command.action((design: string, options: SimulateCommandOptions) =>
    run(options, (session) => simulate(design, options, session)),
  );
}

/** Options of the simulated states. */
function motionOptions(): Option[] {
  return [
    numberOption("--states <n>", "number of states along the motion", { integer: true, least: 2 }),
    numberOption("--particles-per-state <n>", "number of particles of each state", {
      integer: true,
      least: 1,
    }),
    numberOption("--range <length>", "linear: length of the line in box units (default: 0.22)", {
      above: 0,
      below: 1,
    }),
    numberOption("--radius <length>", "circular: radius of the circle in box units (default: 0.12)", {
      above: 0,
      below: 0.5,
    }),
  ];
}

async function simulate(design: string, options: SimulateCommandOptions, session: Session): Promise<void> {
  const { signal, onProgress } = session;
  const { out, states, range, radius, particlesPerState, boxSize, apix, snr, shifts, seed } = options;
  checkDesign(design, options);
  const outputs = await session.makes(out);
  const common = {
    folder: outputs.place(out),
    ...{ boxSize, apix, snr, shifts, seed, signal, onProgress },
    ctf: options.ctf ? {} : ("none" as const),
    ...(particlesPerState !== undefined && { particlesPerState }),
    ...(states !== undefined && { states }),
  };
  const { stateOf, noise } =
    design === "linear"
      ? await simulateLinearMotion({ ...common, ...(range !== undefined && { range }) })
      : design === "circular"
        ? await simulateCircularMotion({ ...common, ...(radius !== undefined && { radius }) })
        : await simulateComposition(common);
  await outputs.keep(signal);
  const noiseText = `noise of standard deviation ${noise.toPrecision(4)}`;
  session.print(`${out}: ${stateOf.length} particles, ${noiseText}, ${session.elapsed()}`);
}

/** @throws InputError for an unknown design, and options of another design */
function checkDesign(design: string, options: SimulateCommandOptions): asserts design is Design {
  if (!designs.includes(design as Design)) throw new InputError("design", designs.join(", "), `"${design}"`);
  const specific: [keyof SimulateCommandOptions, boolean][] = [
    ["range", design === "linear"],
    ["radius", design === "circular"],
    ["states", design !== "compositional"],
  ];
  for (const [name, valid] of specific) {
    if (!valid && options[name] !== undefined)
      throw new InputError(`--${name}`, `an option of the design ${design}`);
  }
}
