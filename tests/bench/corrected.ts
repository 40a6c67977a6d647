import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";

/**
 * `node tests/dist/bench/corrected.js --run RUN --truth truth.csv --state 0=state_00.mrc [--state …] [--mask moving.mrc] [--box-size n]`:
 * motion-corrected maps of known states against the true ones, beside the map of all particles and that of the nearest tenth. `truth.csv`
 * has a line of names and for each particle index and state first; it only says at which place of the latent space a state
 * is (the mean of its particles), and what to compare with.
 */
const { values } = parseArgs({
  options: {
    run: { type: "string" },
    truth: { type: "string" },
    state: { type: "string", multiple: true },
    mask: { type: "string" },
    cells: { type: "string" },
    "box-size": { type: "string" },
  },
});

/** Shells over which means are taken. */
const shells = 20;

async function main(): Promise<void> {
  const { run: folder, truth, state: states = [] } = values;
  if (!folder || !truth || states.length === 0) throw new Error("--run, --truth and --state are needed");
  const lines = readFileSync(truth, "utf8").trim().split("\n").slice(1);
  const labels = lines.map((line) => line.split(",")[1]!);
  const run = await e2.openRun(folder);
  const { refined: places, latent } = await run.latents();
  const set = await e2.training.openParticles(run.record.inputs);
  const mask = values.mask === undefined ? undefined : await e2.maps.readMask(values.mask);
  const options = {
    ...(values["box-size"] && { boxSize: Number(values["box-size"]) }),
    ...(values.cells && { cells: Number(values.cells) }),
  };
  for (const text of states) {
    const [label, file] = text.split("=") as [string, string];
    const map = await e2.maps.read(file);
    const at = meanPlace(places, latent, labels, label);
    const began = Date.now();
    const found = await e2.correction.correctMotion(
      set,
      { latent, places, decode: (z) => run.decode(z) },
      at,
      options,
    );
    const seconds = (Date.now() - began) / 1000;
    const near = await e2.reconstruct(set, { indices: nearestTenth(places, latent, at), ...options });
    console.log(
      `state ${label}: ${found.cells} cells, ${found.motion.toFixed(1)} Å undone, ${seconds.toFixed(1)} s`,
    );
    for (const part of found.fractions) {
      console.log(`  fractions ${Array.from(part.slice(1, shells + 1), (f) => f.toFixed(2)).join(" ")}`);
    }
    console.log(
      `  by the nearest ${Array.from(found.stateFsc.slice(1, shells + 1), (x) => x.toFixed(2)).join(" ")}`,
    );
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
        console.log(
          `  ${where} ${name.padEnd(13)} mean ${mean.toFixed(3)}, 0.5 at ${half.toFixed(1)} Å: ${some.map((x) => x.toFixed(2)).join(" ")}`,
        );
      }
    }
    for (const [name, one] of [
      ["plain", found.plain],
      ["corrected", found.corrected],
    ] as const) {
      const ofHalves = e2.reconstruction.fsc(one.half1, one.half2, mask ? { mask } : {});
      console.log(
        `  halves ${name.padEnd(13)} ${Array.from(ofHalves.fsc.slice(1, shells + 1), (x) => x.toFixed(2)).join(" ")}`,
      );
    }
  }
  await set.close();
  run.close();
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
