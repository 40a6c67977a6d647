import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";
import { fixed, mobile, modelOf, turned } from "./hingedMolecule";
import { moved, placementOn } from "./superposed";

/**
 * `node tests/dist/bench/corrected.js --run RUN --truth truth.csv --state 0=state_00.mrc[=mask_0.mrc] [--state …] [--mask moving.mrc]
 * [--box-size n] [--cells n] [--folder CELLS] [--local] [--tile n] [--superpose]`: motion-corrected maps of known states against the true ones, beside
 * the map of all particles and that of the nearest tenth. `truth.csv` has a line of names and for each particle index and state first; it
 * only says at which place of the latent space a state is (the mean of its particles), and what to compare with. Poses are those of the run:
 * refined ones if it refined them. With `--tile n` time and memory of n particles, those of the run again and again; nothing is compared. `--superpose` first
 * moves each true map to where it lies best on that of the nearest tenth, whose frame refined poses may have turned. With `--hinged FOLDER` in place
 * of `--run` poses, places and motion are the true ones of the set of `npm run bench -- hinged`: what is then wrong is an error of the correction itself.
 */
const { values } = parseArgs({
  options: {
    run: { type: "string" },
    hinged: { type: "string" },
    angle: { type: "string", default: "45" },
    truth: { type: "string" },
    state: { type: "string", multiple: true },
    mask: { type: "string" },
    cells: { type: "string" },
    "box-size": { type: "string" },
    folder: { type: "string" },
    local: { type: "boolean" },
    tile: { type: "string" },
    superpose: { type: "boolean", default: false },
  },
});

/** Shells over which means are taken. */
const shells = 20;

const seconds = (since: number) => ((Date.now() - since) / 1000).toFixed(1);
const cpu = (since: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return ((user + system) / 1e6).toFixed(1);
};

async function main(): Promise<void> {
  const { run: folder, hinged, truth, state: states = [] } = values;
  if (!(folder || hinged) || !truth || states.length === 0)
    throw new Error("--run or --hinged, --truth and --state are needed");
  const labels = readFileSync(truth, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[1]!);
  const { set, motion, close } = hinged ? await trueMotion(hinged, labels) : await motionOf(folder!);
  const { places, latent } = motion;
  const options = {
    ...(values["box-size"] && { boxSize: Number(values["box-size"]) }),
    ...(values.cells && { cells: Number(values.cells) }),
    ...(values.folder && { folder: values.folder }),
  };
  const tiled = values.tile ? Number(values.tile) : undefined;
  const source = tiled ? tiledSource(set, tiled) : set;
  const own = tiled
    ? Float32Array.from({ length: tiled * latent }, (_, i) => places[i % places.length]!)
    : places;
  const [began, used] = [Date.now(), process.cpuUsage()];
  const cells = await e2.correction.prepareCorrection(source, { ...motion, places: own }, options);
  console.log(
    `pass over ${source.count} images of ${source.boxSize}²: ${seconds(began)} s, ${cpu(used)} s of CPU, ${memory()}`,
  );
  if (tiled) {
    const [plainBegan, plainUsed] = [Date.now(), process.cpuUsage()];
    await e2.reconstruct(source, options);
    console.log(`plain reconstruction: ${seconds(plainBegan)} s, ${cpu(plainUsed)} s of CPU`);
  }
  for (const text of states) {
    const [label, file, maskFile = values.mask] = text.split("=") as [string, string, string?];
    const at = meanPlace(places, latent, labels, label);
    const [stateBegan, stateUsed] = [Date.now(), process.cpuUsage()];
    const found = await cells.state(at);
    console.log(
      `state ${label}: ${found.cells} cells, ${found.motion.toFixed(1)} Å undone, ${seconds(stateBegan)} s, ${cpu(stateUsed)} s of CPU, ${memory()}`,
    );
    if (tiled) continue;
    const near = await e2.reconstruct(set, { indices: nearestTenth(places, latent, at), ...options });
    for (const part of found.fractions) print("fractions", part);
    print("by the nearest", found.stateFsc);
    const [truth, region] = [
      await e2.maps.read(file),
      maskFile === undefined ? undefined : await e2.maps.readMask(maskFile),
    ];
    const smooth = (one: e2.maps.Volume) => e2.maps.lowPass(one, 15);
    const place = values.superpose ? placementOn(smooth(truth), smooth(near.map)) : undefined;
    if (place)
      console.log(
        `  truth turned by ${Math.hypot(...place.slice(0, 3)).toFixed(1)}°, moved by ${(Math.hypot(...place.slice(3)) * truth.apix).toFixed(1)} Å`,
      );
    const map = place ? moved(truth, place) : truth;
    const mask = place && region ? moved(region, place) : region;
    const maps = { consensus: found.plain.map, "nearest tenth": near.map, corrected: found.corrected.map };
    for (const [where, options] of [["whole", {}], ...(mask ? [["moving", { mask }]] : [])] as [
      string,
      e2.reconstruction.FscOptions,
    ][]) {
      for (const [name, one] of Object.entries(maps)) {
        const curve = e2.reconstruction.fsc(one, map, options);
        const some = Array.from(curve.fsc.slice(1, shells + 1));
        const mean = some.reduce((sum, x) => sum + x, 0) / some.length;
        const half = e2.reconstruction.resolutionAt(curve, 0.5);
        print(`${where} ${name.padEnd(13)} mean ${mean.toFixed(3)}, 0.5 at ${half.toFixed(1)} Å`, curve.fsc);
      }
      // Halves that agree with each other beyond what either has of the truth would agree on errors.
      for (const [name, one] of [
        ["plain", found.plain],
        ["corrected", found.corrected],
      ] as const) {
        print(`${where} halves ${name.padEnd(13)}`, e2.reconstruction.fsc(one.half1, one.half2, options).fsc);
        const ofTruth = [one.half1, one.half2].map((half) => e2.reconstruction.fsc(half, map, options).fsc);
        print(
          `${where} truth² ${name.padEnd(13)}`,
          ofTruth[0]!.map((x, i) => x * ofTruth[1]![i]!),
        );
      }
    }
    if (values.local) await localResolutions(found, mask);
  }
  await cells.close();
  await set.close();
  close();
}

/** Particles, and where they are by a run. */
async function motionOf(folder: string) {
  const run = await e2.openRun(folder);
  const { refined: places, latent } = await run.latents();
  const set = await e2.training.openParticles(run.record.inputs);
  const decode = (z: ArrayLike<number>) => run.decode(z);
  return { set, motion: { latent, places, decode, bodies: run.bodies }, close: () => run.close() };
}

/** Particles in their true poses, at the angles of their states, and a decoder that knows the molecule. */
async function trueMotion(folder: string, labels: readonly string[]) {
  const set = await e2.particles.open(path.join(folder, "true_poses.star"));
  const last = Math.max(...labels.map(Number));
  const places = Float32Array.from(labels, (label) => (Number(values.angle) * Number(label)) / last);
  const decode = (at: ArrayLike<number>) =>
    modelOf([...fixed, ...mobile.map((place) => turned(place, at[0]!))], set);
  return { set, motion: { latent: 1, places, decode }, close: () => undefined };
}

async function localResolutions(
  found: e2.correction.CorrectedReconstruction,
  moving: e2.maps.Volume | undefined,
): Promise<void> {
  for (const [name, one] of [
    ["plain", found.plain],
    ["corrected", found.corrected],
  ] as const) {
    const { resolution } = await e2.reconstruction.localResolution(one.half1, one.half2, found.mask);
    const median = (inside: (i: number) => boolean) => {
      const sorted = resolution.data.filter((x, i) => x > 0 && inside(i)).sort();
      return `${sorted[sorted.length >> 1]?.toFixed(1)} Å`;
    };
    const parts = moving
      ? `, moving domain ${median((i) => moving.data[i]! >= 0.5)}, elsewhere ${median((i) => moving.data[i]! < 0.5)}`
      : "";
    console.log(`  local resolution ${name}: median ${median(() => true)}${parts}`);
  }
}

function print(name: string, curve: ArrayLike<number>): void {
  const some = Array.from(curve).slice(1, shells + 1);
  console.log(`  ${name}: ${some.map((x) => x.toFixed(2)).join(" ")}`);
}

/** Peak memory of the process. */
const memory = () => `${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB at most`;

/** The particles of a set again and again. */
function tiledSource(
  set: e2.particles.ParticleSet,
  count: number,
): Parameters<typeof e2.correction.prepareCorrection>[0] {
  const tiled = (values: Float32Array) =>
    Float32Array.from({ length: (values.length / set.count) * count }, (_, i) => values[i % values.length]!);
  const of = (i: number) => i % set.count;
  return {
    ...{ count, boxSize: set.boxSize, apix: set.apix },
    opticsGroup: (i) => set.opticsGroup(of(i)),
    rotations: () => tiled(set.rotations()),
    shifts: () => tiled(set.shifts()),
    ctf: (i) => set.ctf(of(i)),
    readGroupImages: (indices) => set.readGroupImages(Array.from(indices, of)),
  };
}

function meanPlace(
  places: Float32Array,
  latent: number,
  labels: readonly string[],
  label: string,
): Float64Array {
  const mean = new Float64Array(latent);
  let count = 0;
  for (const [i, own] of labels.entries()) {
    if (own !== label) continue;
    count++;
    for (let d = 0; d < latent; d++) mean[d]! += places[i * latent + d]!;
  }
  return mean.map((x) => x / count);
}

function nearestTenth(places: Float32Array, latent: number, at: Float64Array): number[] {
  const count = places.length / latent;
  const distance = Float64Array.from({ length: count }, (_, i) =>
    at.reduce((sum, x, d) => sum + (places[i * latent + d]! - x) ** 2, 0),
  );
  return Array.from({ length: count }, (_, i) => i)
    .sort((a, b) => distance[a]! - distance[b]!)
    .slice(0, Math.round(count / 10))
    .sort((a, b) => a - b);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
