import { type Command, Option } from "commander";
import { addBoxSize, choiceOption, fileOption, lengthOption, numberOption, parseNumbers } from "./options";

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
  addBoxSize(command, "pixels", "box size of the images (default: 64; maps: theirs)", { least: 16 });
  command
    .addOption(lengthOption("--apix <Å>", "pixel size (default: 3; maps: theirs)"))
    .addOption(
      numberOption(
        "--snr <ratio>",
        "signal-to-noise ratio, as a ratio of variances (default: 1; assembly: 0.096, or 0.036 with --ctf)",
        { above: 0 },
      ),
    )
    .addOption(
      numberOption(
        "--solvent-snr <ratio>",
        "SNR of white noise in the specimen, which the CTF acts on (default: no such noise)",
        {
          above: 0,
        },
      ),
    )
    .addOption(
      numberOption("--shifts <Å>", "largest shift along x and y (default: 0, or as in --views)", {
        expected: "a length in Å",
        least: 0,
      }),
    )
    .addOption(
      fileOption(
        "--views <file>",
        "views and shifts of this particle file, in order, or some of more (default: uniform views)",
      ),
    )
    .addOption(new Option("--ctf", "apply CTFs of a 300 kV microscope with 8,000 to 20,000 Å underfocus"))
    .addOption(
      fileOption(
        "--ctf-from <file>",
        "apply the CTFs of this particle file, or of a table (CSV) with the columns defocusU, defocusV and angle, and optionally " +
          "phaseShift, voltage, sphericalAberration, amplitudeContrast, bFactor and scale; in order, or some of more",
      ),
    )
    .addOption(
      numberOption("--b-factor <Å²>", "B factor of an envelope exp(−B s²/4) of the CTF", { least: 0 }),
    )
    .addOption(
      new Option(
        "--boxes <list>",
        "smaller boxes, comma-separated, in which the images are written as well",
      ).argParser((text: string) => parseNumbers(text, "--boxes")),
    )
    .addOption(new Option("--truth-maps", "write the map of each state, for e2gmm score --volumes"));
}

/** Tilt series in place of single images. */
export function tiltOptions(): Option[] {
  return [
    numberOption(
      "--tilts <n>",
      "tilt series of n images of each particle, dose-symmetric, with --ctf or --ctf-from; --snr is that of one image with the exposure of all",
      { integer: true, least: 2 },
    ),
    numberOption("--tilt-step <degrees>", "with --tilts: angle from one tilt to the next (default: 3)", {
      above: 0,
    }),
    numberOption("--tilt-dose <e/Å²>", "with --tilts: exposure of each tilt (default: 3)", {
      least: 0.001,
    }),
    numberOption(
      "--missing-tilts <fraction>",
      "with --tilts: fraction of the tilts in which a particle is not seen (default: 0)",
      { least: 0, below: 1 },
    ),
  ];
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
      "--defocus-offset <fraction>",
      "relative error that the written defocus of all particles has in common",
    ),
    numberOption(
      "--pixel-error <fraction>",
      "relative error of the pixel size in particles.star and consensus.mrc",
    ),
    new Option("--coloured-noise", "noise whose power falls to half at 20 Å instead of white noise"),
    lengthOption("--mask-images <Å>", "diameter of a soft circular mask that is applied to the images"),
  ];
}
