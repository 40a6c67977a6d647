import * as e2 from "e2gmm";
import { finish, makeRows, readArguments, train, verdictColumns, type Wanted } from "./resumable";

/**
 * The verdict of trainings on sets of one state, at several signal-to-noise ratios and numbers of axes, with what may be wrong
 * with images, poses and files.
 * `node tests/dist/bench/homogeneous.js [--seeds 1-20] [--only faultless,poses,…] [--particles n] [--poses auto|file] [--out FILE]`
 *
 * With 20 seeds the faultless sets have each ratio with each number of axes once; the others are made of seeds 1 to 5, each ratio
 * once.
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
const latents = [undefined, 1, 2, 4];
const box = { boxSize: 48, apix: 4 };

finish(async () => {
  const { out, seeds, only, particles, poses } = readArguments({
    ...{ out: "homogeneous.jsonl", particles: 1000, seeds: "1-20" },
  });
  await e2.useBackend("wasm");
  const wanted: Wanted[] = [];
  for (const seed of seeds) {
    for (const [fault, { simulation, modelScale }] of Object.entries(faults)) {
      if (only && !only.some((name) => fault.startsWith(name))) continue;
      if (fault !== "faultless" && seed > ratios.length) continue;
      const snr = ratios[(seed - 1) % ratios.length]!;
      const latent = latents[(seed - 1) % latents.length];
      const set = { ...box, particles, snr, seed, ...simulation };
      wanted.push({
        known: { fault, seed, particles, SNR: snr, latent: latent ?? "auto" },
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
  await makeRows(out, wanted);
});
