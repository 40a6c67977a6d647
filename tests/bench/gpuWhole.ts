import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { randomModel } from "./fullStep";

/** A training of simulated particles. */
export interface WholeTraining {
  particles: number;
  /** Simulated images, which are repeated. */
  images: number;
  gaussians: number;
  boxSize: number;
  epochs: number;
  hidden: number;
  engine: "webgpu" | "wasm";
  /** After which the training is stopped. */
  seconds: number;
}

/** Two states of random Gaussians, a third of which moves by a few pixels. */
function states(gaussians: number, boxSize: number) {
  const first = randomModel(gaussians, boxSize);
  const params = first.params.slice();
  for (let i = 0; i < gaussians / 3; i++) params[i]! += 3 / boxSize;
  return [first, { ...first, params }];
}

/** A star file with the particles of another one again and again. */
function repeated(star: string, particles: number): string {
  const lines = readFileSync(star, "utf8").split("\n");
  const rows = lines.filter((line) => line.includes("@particles.mrcs"));
  const head = lines.slice(0, lines.indexOf(rows[0]!));
  const many = Array.from({ length: particles }, (_, i) => rows[i % rows.length]!);
  const file = path.join(path.dirname(star), "repeated.star");
  writeFileSync(file, `${[...head, ...many].join("\n")}\n`);
  return file;
}

/** Seconds of each stage of a training, as far as it came. */
export async function measureWhole(of: WholeTraining) {
  const scratch = mkdtempSync(path.join(tmpdir(), "e2gmm-gpu-"));
  process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
  const stages: Record<string, number> = {};
  let [stage, since] = ["simulating", performance.now()];
  const enter = (next: string) => {
    const now = performance.now();
    stages[stage] = (stages[stage] ?? 0) + (now - since) / 1000;
    [stage, since] = [next, now];
  };
  const both = states(of.gaussians, of.boxSize);
  const particlesPerState = Math.ceil(of.images / 2);
  const folder = path.join(scratch, "data");
  const { star } = await e2.simulate.fromModels(both, { folder, particlesPerState, snr: 0.5, ctf: {} });
  const model = path.join(scratch, "neutral.txt");
  await e2.model.writeText(model, both[0]!);
  const particles = repeated(star, of.particles);
  enter("opening");
  const { epochs, hidden, engine } = of;
  let ended = "complete";
  const warnings: string[] = [];
  const run = await e2.training
    .trainInThisThread({
      ...{ particles, model, out: path.join(scratch, "run"), engine: { engine } },
      options: { latent: 4, epochs, coarseEpochs: Math.min(3, epochs - 1), hidden: [hidden, hidden, hidden] },
      signal: AbortSignal.timeout(1000 * of.seconds),
      onProgress: ({ task }) => enter(task.replace(/^epoch.*/, "epochs")),
      onWarning: (warning) => warnings.push(warning),
    })
    .catch((error: Error) => {
      ended = error.message;
      return undefined;
    });
  enter("");
  const history = run?.history.at(-1);
  run?.close();
  const peakBytes = 1024 * process.resourceUsage().maxRSS;
  return { ...of, ended, stages, warnings, last: history, peakGiB: peakBytes / 2 ** 30 };
}
