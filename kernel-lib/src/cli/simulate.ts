import type { Command } from "commander";
import { InputError } from "../errors";
import { simulateAssembly } from "../simulate/assemblyDesign";
import type { DesignOptions } from "../simulate/designOptions";
import {
  simulateCircularMotion,
  simulateComposition,
  simulateLinearMotion,
  simulateLinearOccupancy,
} from "../simulate/designs";
import { simulateOneState, simulateTilt, simulateTwoDomains } from "../simulate/domainDesigns";
import type { SimulatedData } from "../simulate/simulateParticles";
import { simulateSymmetric } from "../simulate/symmetricDesign";
import { examples, fileOption, type QuietOption, quietOption, required, seedOption } from "./options";
import type { RunCommand, Session } from "./session";
import {
  type GivenStates,
  givenOptions,
  readCtfs,
  readViews,
  simulateAtoms,
  simulateGivenMaps,
} from "./simulateGiven";
import {
  addImageOptions,
  imperfectionOptions,
  numberOptions,
  stateOptions,
  tiltOptions,
} from "./simulateOptions";

interface Design {
  /** For the help. */
  description: string;
  simulate: (options: DesignOptions & GivenStates) => Promise<Omit<SimulatedData, "models">>;
  /** Options of this design, of those that are not valid for all. */
  options: readonly string[];
}

const perState = ["particlesPerState", "fractions"];
const motion = ["states", "continuous", ...perState];

const designs: Record<string, Design> = {
  linear: {
    description: "a small domain moves along a line (20 states of 200 particles by default)",
    simulate: simulateLinearMotion,
    options: [...motion, "range"],
  },
  circular: {
    description: "it moves around a circle (36 of 100)",
    simulate: simulateCircularMotion,
    options: [...motion, "radius"],
  },
  compositional: {
    description: "two domains are present or absent (4 of 500)",
    simulate: simulateComposition,
    options: perState,
  },
  "linear-occupancy": {
    description:
      "one domain moves along a line, a second one is present in half of the particles (20 × 2 of 100)",
    simulate: simulateLinearOccupancy,
    options: [...motion, "range"],
  },
  assembly: {
    description:
      "a core with five parts in six combinations (7,000 particles, 1 % of them in the last state)",
    simulate: simulateAssembly,
    options: ["states", ...perState],
  },
  symmetric: {
    description: "a ring of equal units, of which one is moved, tilted or missing (3,000 particles)",
    simulate: simulateSymmetric,
    options: ["symmetry", "unit", "unaffected", "range", "angle"],
  },
  one: { description: "one state (3,000 particles)", simulate: simulateOneState, options: perState },
  "two-domains": {
    description: "two domains move along lines, independently (10 × 10 of 40)",
    simulate: simulateTwoDomains,
    options: [...motion, "range"],
  },
  tilt: {
    description: "an arm turns about a hinge (10 of 300)",
    simulate: simulateTilt,
    options: [...motion, "angle"],
  },
  maps: {
    description: "the maps of --from, one for each state, whose voxels become the pixels",
    simulate: simulateGivenMaps,
    options: [...perState, "from"],
  },
  atoms: {
    description: "the atomic models of --from (PDB, mmCIF), one for each state, at --resolution",
    simulate: simulateAtoms,
    options: [...perState, "from", "resolution"],
  },
};

/** Adds the command `simulate`. */
export function addSimulate(program: Command, run: RunCommand): void {
  const list = Object.entries(designs).map(([name, { description }]) => `${name}, ${description}`);
  const command = program
    .command("simulate")
    .summary("simulate particles with a known motion")
    .description(
      "Simulates particles and writes a folder with particles.mrcs, particles.star (RELION 3.1), consensus.mrc (the mean " +
        "map) and truth.csv (the state of each particle). With errors of poses or shifts, particles.star has the wrong poses " +
        `and true_poses.star the right ones; consensus.mrc does not change. With maps or atoms, --particles or --particles-per-state is needed. Designs: ${list.join("; ")}.`,
    )
    .argument("<design>", Object.keys(designs).join(", "))
    .addOption(required(fileOption("--out <folder>", "output folder, new or empty")));
  for (const option of [...numberOptions(), ...stateOptions(), ...givenOptions()]) command.addOption(option);
  addImageOptions(command);
  for (const option of [...tiltOptions(), ...imperfectionOptions()]) command.addOption(option);
  command.addOption(seedOption()).addOption(quietOption());
  examples(
    command,
    "e2gmm simulate linear --range 0.36 --out linear",
    "e2gmm simulate assembly --particles 7000 --fractions 0.25,0.22,0.2,0.18,0.14,0.01 --out assembly",
    "e2gmm simulate symmetric --symmetry C7 --unit missing --out ring",
    "e2gmm simulate atoms --from 'path/*.pdb' --particles 10000 --box-size 128 --apix 1.5 --snr 0.01 --ctf --truth-maps --out path-sim",
    "e2gmm simulate maps --from 'maps/*.mrc' --particles 10000 --views run_data.star --ctf-from run_data.star --boxes 64 --out map-sim",
    "e2gmm simulate linear --tilts 21 --ctf --snr 0.2 --out tilt-series",
    "e2gmm simulate one --pose-error 2 --shift-error 1.5 --out wrong-poses",
  );
  command.action((design: string, options: SimulateCommandOptions) =>
    run(options, (session) => simulate(design, options, session)),
  );
}

interface SimulateCommandOptions extends QuietOption, Omit<DesignOptions, "ctf" | "folder" | "views"> {
  out: string;
  ctf?: boolean;
  ctfFrom?: string;
  views?: string;
}

async function simulate(name: string, options: SimulateCommandOptions, session: Session): Promise<void> {
  const { signal, onProgress } = session;
  const { out, ctf, ctfFrom, views, quiet: _, ...given } = options;
  const design = designNamed(name, options);
  if (ctf && ctfFrom !== undefined) throw new InputError("--ctf", "not given together with --ctf-from");
  const from = views === undefined ? undefined : await readViews(views, session);
  const ctfs = ctfFrom === undefined ? undefined : await readCtfs(ctfFrom, session);
  const outputs = await session.makes(out);
  const { stateOf, noise } = await design.simulate({
    ...given,
    folder: outputs.place(out),
    ctf: ctfs ?? (ctf ? {} : "none"),
    ...(from && { views: from }),
    ...{ signal, onProgress },
  });
  await outputs.keep(signal);
  const noiseText = `noise of standard deviation ${noise.toPrecision(4)}`;
  session.print(`${out}: ${stateOf.length} particles, ${noiseText}, ${session.elapsed()}`);
}

/** @throws InputError for an unknown design, and options of another design */
function designNamed(name: string, options: object): Design {
  const design = Object.hasOwn(designs, name) ? designs[name] : undefined;
  if (!design) throw new InputError("design", Object.keys(designs).join(", "), `"${name}"`);
  const specific = new Set(Object.values(designs).flatMap((d) => d.options));
  for (const option of Object.keys(options)) {
    if (specific.has(option) && !design.options.includes(option)) {
      const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw new InputError(`--${flag}`, `not an option of the design ${name}`);
    }
  }
  return design;
}
