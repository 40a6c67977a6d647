import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { useBackend } from "../compute/backends";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { simulateComposition } from "../simulate/designs";
import type { Run } from "../training/runs/run";
import { trainInThisThread } from "../training/train";
import { matchLabels } from "./match";

/** A training of seconds on 300 particles with and without each of two parts. */
export interface FourStates {
  run: Run;
  /** Fraction of some particles whose labels are those of their states, the best way that labels can be states. */
  agreement(particles: ArrayLike<number>, labels: Int32Array): number;
}

/** Trains before the tests of a file, and removes the run afterwards. */
export function fourStates(): FourStates {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-sets-"));
  const at = (name: string) => path.join(folder, name);
  let truth: number[] = [];
  const made = {
    agreement: (particles: ArrayLike<number>, labels: Int32Array) =>
      matchLabels(
        labels,
        Int32Array.from(particles, (particle) => truth[particle]!),
      ).agreement,
  } as FourStates;
  beforeAll(async () => {
    await useBackend("wasm");
    const data = await simulateComposition({
      ...{ folder, particlesPerState: 75, boxSize: 32, apix: 4, snr: 1, ctf: {}, seed: 5 },
    });
    const { model } = await growNeutralModel(await readMap(data.consensus), {
      ...{ resolution: 12, gaussians: 32, startGaussians: 32, boxSize: 32 },
    });
    await writeModelText(at("neutral.txt"), model);
    made.run = await trainInThisThread({
      ...{ particles: data.star, model: at("neutral.txt"), out: at("run"), poses: "file" },
      options: { latent: 2, vary: ["amplitude"], epochs: 8, coarseEpochs: 3, batchSize: 8, hidden: [24, 24] },
      engine: { threads: 2 },
    });
    const [header, ...lines] = (await readFile(data.truth, "utf8")).trim().split("\n");
    const column = header!.split(",").indexOf("state");
    truth = lines.map((line) => Number(line.split(",")[column]));
  });
  afterAll(() => {
    made.run.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return made;
}
