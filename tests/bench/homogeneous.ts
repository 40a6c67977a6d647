import * as e2 from "e2gmm";
import { finish, makeRows, readArguments, train, verdictColumns, type Wanted } from "./resumable";

/**
 * The verdict of trainings on sets of one state, at several signal-to-noise ratios and numbers of axes, with what may be wrong
 * with images, poses and files.
 * `node tests/dist/bench/homogeneous.js [--seeds 1-20] [--only faultless,poses,…] [--particles n] [--box 40] [--poses auto|file]
 *  [--out FILE]`
 *
 * Seeds 1 to 15 of the faultless sets have each ratio with each number of axes once; the others are made of seeds 1 to 5, each ratio
 * once. A last line counts the rows that fail: a verdict other than "none" that no misfit explains, or a motion of 0.5 Å or more.
 */

/** One thing that is wrong with a set. */
interface Fault {
  simulation?: Record<string, unknown>;
  modelScale?: number;
}

const faults: Record<string, Fault> = {
  faultless: {},
  poses: { simulation: { poseError: 2, shiftError: 2 } },
  "pixel size of particles and map": { simulation: { pixelError: 0.01 } },
  "pixel size of the map": { modelScale: 1.01 },
  "defocus of each particle": { simulation: { defocusError: 0.05 } },
  "defocus of all particles": { simulation: { defocusOffset: 0.05 } },
  "coloured noise": { simulation: { colouredNoise: true } },
  "masked images": { simulation: { maskImages: 150 } },
};

const ratios = [0.05, 0.1, 0.2, 0.5, 1];
const latents = [1, 2, 4];
/** In Å. */
const boxLength = 192;
/** Largest decoded motion of a set that is in order, in Å. */
const mostMotion = 0.5;

finish(async () => {
  const { out, seeds, only, particles, poses, boxSize } = readArguments({
    ...{ out: "homogeneous.jsonl", particles: 800, seeds: "1-20", boxSize: 40 },
  });
  const box = { boxSize, apix: boxLength / boxSize };
  await e2.useBackend("wasm");
  const wanted: Wanted[] = [];
  for (const seed of seeds) {
    for (const [f, [fault, { simulation, modelScale }]] of Object.entries(faults).entries()) {
      if (only && !only.some((name) => fault.startsWith(name))) continue;
      if (fault !== "faultless" && seed > ratios.length) continue;
      const snr = ratios[(seed - 1) % ratios.length]!;
      const latent = latents[(seed - 1 + f) % latents.length]!;
      const set = { ...box, particles, snr, seed, ...simulation };
      wanted.push({
        known: { fault, seed, particles, box: boxSize, SNR: snr, latent },
        measure: async (scratch) => {
          const trained = await train(
            { design: "one", simulation: set, latent, seed, poses, modelScale },
            scratch,
          );
          trained.run.close();
          return verdictColumns(trained);
        },
      });
    }
  }
  const rows = await makeRows(out, wanted);
  const own = rows.filter((row) => row["box"] === boxSize && row["particles"] === particles);
  const failed = own.filter(
    (row) => row["named"] === "no" && (row["verdict"] !== "none" || Number(row["motion, Å"]) >= mostMotion),
  );
  console.log(
    `${own.length - failed.length} of ${own.length}: none, or named as misfit, and a motion below ${mostMotion} Å`,
  );
});
