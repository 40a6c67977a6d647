import { type Command, Option } from "commander";
import { addBoxSize, choiceOption, lengthOption, numberOption, parseNumbers } from "./options";

/*
 * Options of the command `simulate`. Their names are those of the library's options.
 */

/** How many particles. */
export function numberOptions(): Option[] {
  const fractions = new Option(
    "--fractions <list>",
    "with --particles: fraction of each state, comma-separated, with the sum 1 (default: equal; assembly: " +
      "0.25,0.22,0.2,0.18,0.14,0.01)",
  );
  return [
    numberOption("--particles <n>", "number of particles in total", { integer: true, least: 1 }),
    numberOption("--particles-per-state <n>", "number of particles of each state", {
      integer: true,
      least: 1,
    }),
    fractions.argParser((text: string) => parseNumbers(text, "--fractions")),
  ];
}

/** Options of the simulated states. */
export function stateOptions(): Option[] {
  return [
    numberOption("--states <n>", "number of states along the motion; assembly: 6 or 7 (default: 6)", {
      integer: true,
      least: 2,
    }),
    new Option("--continuous", "place each particle at random along the motion, instead of in states"),
    numberOption(
      "--range <length>",
      "linear, linear-occupancy, two-domains, symmetric: length of the line in box units (default: 0.22; symmetric: 0.1)",
      { above: 0, below: 1 },
    ),
    numberOption("--radius <length>", "circular: radius of the circle in box units (default: 0.12)", {
      above: 0,
      below: 0.5,
    }),
    numberOption(
      "--angle <degrees>",
      "tilt: angle of the last state (default: 8); symmetric: largest angle of a tilted unit (default: 30)",
      { above: 0 },
    ),
    new Option("--symmetry <name>", "symmetric: C2, C3, … or D2, D3, … about z (default: C7)"),
    choiceOption("--unit <what>", "symmetric: one unit is moved, tilted, or missing (default: moved)", [
      "moved",
      "tilted",
      "missing",
    ]),
    numberOption(
      "--unaffected <fraction>",
      "symmetric: fraction of the particles whose units are all equal (default: 0.25)",
      { least: 0 },
    ),
  ];
}

/** Adds the options of images and microscope. */
export function addImageOptions(command: Command): void {
  addBoxSize(command, "pixels", "box size of the images", { least: 16, default: 64 });
  command
    .addOption(lengthOption("--apix <Å>", "pixel size").default(3))
    .addOption(
      numberOption(
        "--snr <ratio>",
        "signal-to-noise ratio, as a ratio of variances (default: 1; assembly: 0.096, or 0.036 with --ctf)",
        { above: 0 },
      ),
    )
    .addOption(
      numberOption("--shifts <Å>", "largest shift along x and y", {
        expected: "a length in Å",
        least: 0,
        default: 0,
      }),
    )
    .addOption(new Option("--ctf", "apply CTFs of a 300 kV microscope with 8,000 to 20,000 Å underfocus"));
}

/** What is wrong with the images and with the STAR file. */
export function imperfectionOptions(): Option[] {
  return [
    numberOption(
      "--pose-error <degrees>",
      "standard deviation of the errors of written angles, about each of three axes",
      { least: 0 },
    ),
    numberOption("--shift-error <Å>", "standard deviation of the errors of written shifts, along each axis", {
      least: 0,
    }),
    numberOption(
      "--defocus-error <fraction>",
      "standard deviation of the relative errors of written defocus",
      {
        least: 0,
      },
    ),
    numberOption(
      "--pixel-error <fraction>",
      "relative error of the pixel size in particles.star and consensus.mrc",
    ),
    new Option("--coloured-noise", "noise whose power falls to half at 20 Å instead of white noise"),
    lengthOption("--mask-images <Å>", "diameter of a soft circular mask that is applied to the images"),
  ];
}
