import { type Command, Option } from "commander";
import { InputError } from "../errors";
import { simulateCircularMotion, simulateComposition, simulateLinearMotion } from "../simulate/designs";
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

interface SimulateCommandOptions extends QuietOption {
  out: string;
  states?: number;
  particlesPerState?: number;
  range?: number;
  radius?: number;
  box: number;
  apix: number;
  snr: number;
  shifts: number;
  ctf?: boolean;
  seed: number;
}

const designs = ["linear", "circular", "compositional"] as const;
type Design = (typeof designs)[number];

export function addSimulate(program: Command, run: RunCommand): void {
  const command = program
    .command("simulate")
    .summary("make particles of a known motion")
    .description(
      "Writes a folder with particles.mrcs, particles.star (RELION 3.1), consensus.mrc (the mean map) and truth.csv " +
        "(the state of each particle). linear: a small domain moves along a line (20 states of 200 particles unless " +
        "told otherwise); circular: around a circle (36 of 100); compositional: two domains come and go (4 of 500).",
    )
    .argument("<design>", designs.join(", "))
    .addOption(required(fileOption("--out <folder>", "folder to make")))
    .addOption(numberOption("--states <n>", "states along the motion", { integer: true, least: 2 }))
    .addOption(
      numberOption("--particles-per-state <n>", "particles of each state", { integer: true, least: 1 }),
    )
    .addOption(
      numberOption("--range <length>", "length of the line in box units (default: 0.22)", {
        above: 0,
        below: 1,
      }),
    )
    .addOption(
      numberOption("--radius <length>", "radius of the circle in box units (default: 0.12)", {
        above: 0,
        below: 0.5,
      }),
    )
    .addOption(
      numberOption("--box <pixels>", "edge of the images", { integer: true, least: 16, default: 64 }),
    )
    .addOption(numberOption("--apix <Å>", "pixel size", { expected: "a length in Å", above: 0, default: 3 }))
    .addOption(numberOption("--snr <ratio>", "variance of signal over noise", { above: 0, default: 1 }))
    .addOption(
      numberOption("--shifts <Å>", "largest shift along x and y", {
        expected: "a length in Å",
        least: 0,
        default: 0,
      }),
    )
    .addOption(new Option("--ctf", "apply CTFs of a 300 kV microscope, 8,000 to 20,000 Å of underfocus"))
    .addOption(seedOption())
    .addOption(quietOption());
  examples(command, "e2gmm simulate linear --range 0.36 --out linear");
  command.action((design: string, options: SimulateCommandOptions) =>
    run(options, async (session) => {
      const { signal, onProgress } = session;
      const { states, range, radius, particlesPerState, box, apix, snr, shifts, seed } = options;
      checkDesign(design, options);
      const outputs = await session.makes(options.out);
      const common = {
        folder: outputs.place(options.out),
        boxSize: box,
        apix,
        snr,
        shifts,
        seed,
        signal,
        onProgress,
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
      session.print(`${options.out}: ${stateOf.length} particles, ${noiseText}, ${session.elapsed()}`);
    }),
  );
}

/** @throws InputError for a design that does not exist, or an option that it does not have */
function checkDesign(design: string, options: SimulateCommandOptions): asserts design is Design {
  if (!designs.includes(design as Design)) throw new InputError("design", designs.join(", "), `"${design}"`);
  const foreign: [keyof SimulateCommandOptions, boolean][] = [
    ["range", design === "linear"],
    ["radius", design === "circular"],
    ["states", design !== "compositional"],
  ];
  for (const [name, fits] of foreign) {
    if (!fits && options[name] !== undefined)
      throw new InputError(`--${name}`, `an option that ${design} has`);
  }
}
