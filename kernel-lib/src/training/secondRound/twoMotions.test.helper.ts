import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { useBackend } from "../../compute/backends";
import { readMap, writeMap } from "../../maps/mapFile";
import { growNeutralModel } from "../../model/growNeutralModel";
import { writeModelText } from "../../model/text";
import { linearPlace, moleculeMaker, secondPlace } from "../../simulate/molecule";
import { type SimulateOptions, simulateFromModels } from "../../simulate/simulateParticles";
import { trainInThisThread } from "../train";

/** Particles with two independent motions, the second smaller, and a finished run that found the first. */
export interface TwoMotions {
  folder: string;
  particles: string;
  /** A map that is 1 around the path of the second domain. */
  mask: string;
  /** Run folder with one axis. */
  run: string;
  /** Places of both domains, 0 to 1. */
  first: number[];
  second: number[];
}

const count = 500;
const boxSize = 32;
const apix = 4;
/** Length of the paths of the domains in box units. */
const ranges = [0.25, 0.15] as const;

/** Makes the data before the tests of a file, and removes them afterwards. @param simulated other options. Default: single images of an SNR of 2 @param epochs of all trainings */
export function twoMotions(
  simulated: Pick<SimulateOptions, "tilts" | "tiltStep" | "missingTilts" | "ctf" | "snr"> = {},
  epochs = 6,
): TwoMotions {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-rounds-"));
  const at = (name: string) => path.join(folder, name);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const data: TwoMotions = {
    ...{ folder, particles: at("particles.star"), mask: at("mask.mrc"), run: at("run") },
    ...{ first: [], second: [] },
  };
  beforeAll(async () => {
    await useBackend("wasm");
    // All combinations, so that the places of the two domains do not correlate.
    data.first = Array.from({ length: count }, (_, i) => (i % 25) / 24);
    data.second = Array.from({ length: count }, (_, i) => Math.floor(i / 25) / 19);
    const molecule = moleculeMaker({ boxSize, apix });
    const models = data.first.map((one, i) =>
      molecule([linearPlace(one, ranges[0]), secondPlace(data.second[i]!, ranges[1])]),
    );
    const truth = { first: data.first, second: data.second };
    await simulateFromModels(models, { folder, truth, particlesPerState: 1, snr: 2, seed: 5, ...simulated });
    // Particles are in another order than states.
    const lines = (await readFile(at("truth.csv"), "utf8")).trim().split("\n").slice(1);
    data.first = lines.map((line) => Number(line.split(",")[2]));
    data.second = lines.map((line) => Number(line.split(",")[3]));
    const { model } = await growNeutralModel(await readMap(at("consensus.mrc")), {
      ...{ resolution: 12, gaussians: 64, startGaussians: 64, boxSize },
    });
    await writeModelText(at("neutral.txt"), model);
    await writeMap(data.mask, {
      data: maskOfPath(),
      size: [boxSize, boxSize, boxSize],
      apix,
      origin: [0, 0, 0],
    });
    const run = await trainInThisThread({
      ...{ particles: data.particles, model: at("neutral.txt"), out: data.run, engine: { threads: 2 } },
      // So few particles do not outweigh a penalty on strain within six epochs.
      options: { latent: 1, vary: ["position"], epochs, coarseEpochs: 3, batchSize: 8, strainPenalty: 0 },
    });
    run.close();
  });
  return data;
}

/** 1 within 0.09 box units of the path of the second domain. */
function maskOfPath(): Float32Array {
  const data = new Float32Array(boxSize ** 3);
  const [x0, y0] = secondPlace(0, 0);
  for (let i = 0; i < data.length; i++) {
    const [x, y, z] = [i % boxSize, Math.floor(i / boxSize) % boxSize, Math.floor(i / boxSize ** 2)].map(
      (index) => index / boxSize - 0.5,
    ) as [number, number, number];
    const along = Math.max(0, Math.abs(z) - ranges[1] / 2);
    if (Math.hypot(x - x0, y - y0, along) < 0.09) data[i] = 1;
  }
  return data;
}
