import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import * as e2 from "e2gmm";

/** Data sets with known truth for the benchmarks of the method. */

/** Internal modules of the library. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

/** Columns of truth.csv. */
export type Truth = Record<string, number[]>;

export interface Case {
  particles: string;
  /** Folder of the image stack. */
  images: string;
  map: string;
  truth: Truth;
  /** The column whose values are classes, if the design has any. */
  classes?: string;
  /** The value of `classes` that is rare. */
  rare?: number;
  /** The column that is an angle of a full circle, in degrees. */
  circular?: string;
  /** Models and states of simulated data. */
  data?: e2.simulate.SimulatedData;
}

type Simulate = (options: e2.simulate.DesignOptions) => Promise<e2.simulate.SimulatedData>;

/** How a design is simulated, and what its truth is. */
interface Preset extends Pick<Case, "classes" | "rare" | "circular"> {
  simulate: Simulate;
  options?: object;
}

const microscope = { ctf: {}, shifts: 6, snr: 0.2 };
const { simulate } = e2;
const presets: Record<string, Preset> = {
  linear: { simulate: simulate.linearMotion },
  circular: { simulate: simulate.circularMotion, circular: "angle" },
  compositional: { simulate: simulate.composition, classes: "state" },
  "linear-occupancy": { simulate: simulate.linearOccupancy, classes: "present" },
  assembly: { simulate: simulate.assembly, classes: "state", rare: 5 },
  symmetric: { simulate: simulate.symmetric, options: { ...microscope, unit: "missing" } },
  one: { simulate: simulate.oneState, options: microscope },
  "two-domains": { simulate: simulate.twoDomains, options: microscope },
  tilt: { simulate: simulate.tilt, options: microscope },
};

/** Names of the designs. */
export const caseNames = [...Object.keys(presets), "adk"];

/** Columns of a table under a header line. */
function readTable(file: string): Truth {
  const [header, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const rows = lines.map((line) => line.split(",").map(Number));
  return Object.fromEntries(header!.split(",").map((name, c) => [name.trim(), rows.map((row) => row[c]!)]));
}

/**
 * Makes a data set.
 * @param options of the simulation; `poseError` and `shiftError` also for adk
 */
export async function makeCase(
  name: string,
  scratch: string,
  options: Record<string, unknown>,
): Promise<Case> {
  if (name !== "adk" && !presets[name])
    throw new Error(`design: expected ${caseNames.join(", ")}, found ${name}`);
  const made = name === "adk" ? await adk(scratch, options) : await simulated(name, scratch, options);
  if (!options.poseError && !options.shiftError) return made;
  // Everything is made from the wrong poses.
  const particles = await e2.particles.open(made.particles, { dataFolder: made.images });
  const { map } = await e2.reconstruct(particles, { halves: "none" });
  await particles.close();
  const file = path.join(scratch, "reconstruction.mrc");
  await e2.maps.write(file, map);
  return { ...made, map: file };
}

async function simulated(name: string, scratch: string, options: Record<string, unknown>): Promise<Case> {
  const { simulate, options: standard, ...kinds } = presets[name]!;
  const folder = path.join(scratch, name);
  const data = await simulate({ folder, ...standard, ...options });
  const { index: _, ...truth } = readTable(data.truth);
  if (kinds.classes !== "state") delete truth.state;
  const files = { particles: data.star, images: folder, map: data.consensus };
  return { ...kinds, ...files, data, truth };
}

async function adk(scratch: string, options: Record<string, unknown>): Promise<Case> {
  const folder = path.resolve(__dirname, "../../../../shared/data/adk");
  if (!existsSync(folder)) throw new Error(`${folder} does not exist`);
  const at = (name: string) => path.join(folder, name);
  const { rmsd } = readTable(at("truth.csv"));
  const wrong = options.poseError || options.shiftError;
  return {
    particles: wrong ? await withWrongPoses(at("particles.star"), scratch, options) : at("particles.star"),
    images: folder,
    map: at("consensus.mrc"),
    truth: { rmsd: rmsd! },
  };
}

/** Writes a copy of a STAR file whose first five columns, angles and origins, have the errors of the simulation. */
async function withWrongPoses(
  star: string,
  scratch: string,
  options: Record<string, unknown>,
): Promise<string> {
  const { withErrors } = inner("./simulate/simulatedParticles");
  const lines = readFileSync(star, "utf8").split("\n");
  const rows = [...lines.keys()].filter((i) => lines[i]!.includes("@"));
  const words = rows.map((i) => lines[i]!.trim().split(/\s+/));
  const right = words.map((row) => ({
    state: 0,
    angles: row.slice(0, 3).map(Number),
    origin: row.slice(3, 5).map(Number),
  }));
  const wrong = withErrors(right, options, new e2.Random(Number(options.seed ?? 1)));
  rows.forEach((line, i) => {
    const pose = [...wrong[i].angles, ...wrong[i].origin].map((v: number) => v.toFixed(6));
    lines[line] = [...pose, ...words[i]!.slice(5)].join(" ");
  });
  const file = path.join(scratch, "wrong_poses.star");
  writeFileSync(file, lines.join("\n"));
  return file;
}
