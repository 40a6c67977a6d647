import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { useBackend } from "../compute/backends";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { simulateLinearMotion } from "../simulate/designs";
import type { TrainingSettings } from "./settings";

/** Data that train in seconds: 12 states × 40 particles of 32² pixels, and a neutral model of 48 Gaussians. */
export interface SmallTraining {
  /** Folder of the data. */
  folder: string;
  particles: string;
  model: string;
  /** Position of the moving domain of each particle. */
  truth: number[];
  /** Settings of a training into a folder. */
  settings(out: string, options?: TrainingSettings["options"]): TrainingSettings;
}

/** Makes the data before the tests of a file, and removes them afterwards. */
export function smallTraining(): SmallTraining {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-train-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const data: SmallTraining = {
    folder,
    particles: path.join(folder, "particles.star"),
    model: path.join(folder, "neutral.txt"),
    truth: [],
    settings: (out, options) => ({
      ...{ particles: data.particles, model: data.model, out, poses: "file" },
      options: { latent: 1, vary: ["position"], epochs: 6, coarseEpochs: 3, batchSize: 8, ...options },
      engine: { threads: 2 },
    }),
  };
  beforeAll(async () => {
    await useBackend("wasm");
    const { consensus } = await simulateLinearMotion({
      ...{ folder, states: 12, particlesPerState: 40, range: 0.25, boxSize: 32, apix: 4, snr: 1, seed: 5 },
    });
    const grown = await growNeutralModel(await readMap(consensus), {
      ...{ resolution: 12, gaussians: 48, startGaussians: 48, boxSize: 32 },
    });
    await writeModelText(data.model, grown.model);
    const lines = (await readFile(path.join(folder, "truth.csv"), "utf8")).trim().split("\n").slice(1);
    data.truth = lines.map((line) => Number(line.split(",")[2]));
  });
  return data;
}
