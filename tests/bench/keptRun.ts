import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { type Case, makeCase } from "./methodCases";

/** A design with a training that is kept. */
export interface KeptRun {
  run: e2.training.Run;
  test: Omit<Case, "data">;
}

/** How a run is made. */
export interface KeptRunOptions {
  /** Options of the simulation. */
  simulation: Record<string, unknown>;
  /** Options of the growth of the neutral model. */
  growth: Record<string, unknown>;
  /** Options of the training. */
  training: Record<string, unknown>;
  /** Settings of the training, such as `symmetry` and `poses`. */
  settings: Record<string, unknown>;
}

/** Trains a design in a folder, or opens the run that is there. What follows a training is measured on the same run again. */
export async function keptRun(design: string, folder: string, options: KeptRunOptions): Promise<KeptRun> {
  const at = (name: string) => path.join(folder, name);
  const [out, described] = [at("run"), at("case.json")];
  if (existsSync(described)) {
    const test = JSON.parse(readFileSync(described, "utf8")) as KeptRun["test"];
    return { run: await e2.openRun(out), test };
  }
  mkdirSync(folder, { recursive: true });
  const { data: _, ...test } = await makeCase(design, folder, options.simulation);
  const { model, choices } = await e2.model.grow(await e2.maps.read(test.map), options.growth);
  for (const choice of choices) console.log(`  ${choice}`);
  await e2.model.writeText(at("neutral.txt"), model);
  const run = await e2.training.trainInThisThread({
    particles: test.particles,
    dataFolder: test.images,
    model: at("neutral.txt"),
    out,
    ...options.settings,
    options: options.training,
  });
  writeFileSync(described, JSON.stringify(test));
  return { run, test };
}
