import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as library from "e2gmm";
import { inner } from "./gpuParts";

type GaussianModel = library.model.GaussianModel;

// Not the library as a whole: on a machine with a GPU, the packages of its kernel may be missing.
const compute = inner("./compute/backends") as Pick<typeof library, "useBackend">;
const simulate = inner("./simulate/index") as typeof library.simulate;
const texts = inner("./model/text") as { writeModelText: typeof library.model.writeText };
const training = inner("./training/train") as Pick<typeof library.training, "trainInThisThread">;

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
function states(gaussians: number, boxSize: number): GaussianModel[] {
  const { exampleBatch } = inner("./projection/examples");
  const { Random } = inner("./random");
  const { batch } = exampleBatch({ count: 1, gaussians, boxSize, rings: 1, shared: true });
  // Similar widths, as a neutral model has them.
  const random = new Random(1);
  for (let i = 4 * gaussians; i < 5 * gaussians; i++) batch.model[i] = 1.1 + 0.3 * random.uniform();
  const first: GaussianModel = { count: gaussians, params: batch.model, boxSize, apix: 1 };
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
  await compute.useBackend("wasm");
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
  const { star } = await simulate.fromModels(both, { folder, particlesPerState, snr: 0.5, ctf: {} });
  const model = path.join(scratch, "neutral.txt");
  await texts.writeModelText(model, both[0]!);
  const particles = repeated(star, of.particles);
  enter("opening");
  const { epochs, hidden, engine } = of;
  let ended = "complete";
  const warnings: string[] = [];
  const run = await training
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
