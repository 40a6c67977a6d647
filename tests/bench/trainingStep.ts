import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import * as e2 from "e2gmm";
import { measureStep, randomModel } from "./fullStep";

/**
 * Time and memory of trainings.
 * `node tests/dist/bench/trainingStep.js step|loop|whole|stream [--backend wasm] [--sizes 512/64,3082/128] [--hidden 512]
 *  [--batch 32] [--seconds 5] [--vary position|all] [--particles 100000] [--gaussians 3082] [--latent 4] [--epochs 10]`
 *
 * step: time and memory per particle of a training step on random particles held in memory.
 * loop: delay of the main thread's event loop while `train` runs in its own thread.
 * whole: time of each stage of a whole training, including growing the neutral model.
 * stream: one training epoch on a large streamed stack, compared with one held in memory.
 */

const [part, ...rest] = process.argv.slice(2);
const flag = (name: string, otherwise: string): string => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? otherwise : rest[at + 1]!;
};
const scratch = mkdtempSync(path.join(tmpdir(), "e2gmm-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
// Without a handler a signal would end the process without clean-up.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

async function step(): Promise<void> {
  const hidden = Number(flag("hidden", "512"));
  const batch = Number(flag("batch", "32"));
  const vary = flag("vary", "all") === "all" ? "all" : "position";
  for (const size of flag("sizes", "512/64,2048/84,3082/128").split(",")) {
    const [gaussians, boxSize] = size.split("/").map(Number) as [number, number];
    const rings = Math.floor((boxSize - 1) / 2);
    const seconds = Number(flag("seconds", "5"));
    const found = await measureStep({ gaussians, boxSize, rings, batch, hidden, vary, engine: {}, seconds });
    console.log(
      `  N ${gaussians}, S ${boxSize}, rings ${rings}, 3 × ${hidden}, batch ${batch}, ${vary}: ` +
        `${found.best.toFixed(2)} ms per particle at best, median ${found.middle.toFixed(2)}, ` +
        `memory ${found.memoryMB.toFixed(0)} MB`,
    );
  }
}

async function simulated(particlesPerState: number, boxSize: number, gaussians: number) {
  const folder = path.join(scratch, "data");
  const { star, consensus } = await e2.simulate.linearMotion({
    folder,
    particlesPerState,
    boxSize,
    snr: 1,
    seed: 1,
  });
  const { model } = await e2.model.grow(await e2.maps.read(consensus), { resolution: 12, gaussians });
  const file = path.join(scratch, "neutral.txt");
  await e2.model.writeText(file, model);
  return { star, model: file };
}

async function loop(): Promise<void> {
  const { star, model } = await simulated(200, 64, 512);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const run = await e2.train({
    particles: star,
    model,
    out: path.join(scratch, "run"),
    options: { latent: 1, epochs: 3, coarseEpochs: 2 },
    onEpoch: ({ epoch }) => (epoch === 1 ? delay.enable() : undefined),
  });
  delay.disable();
  run.close();
  const ms = (value: number) => (value / 1e6).toFixed(1);
  console.log(
    `  event loop of the main thread while training: p50 ${ms(delay.percentile(50))}, ` +
      `p99 ${ms(delay.percentile(99))}, longest ${ms(delay.max)} ms (including 1 ms of the timer)`,
  );
}

/** Runs the stages of `train` one by one on images of 128² of two moving domains. */
async function whole(): Promise<void> {
  const gaussians = Number(flag("gaussians", "3082"));
  const particles = Number(flag("particles", "2000"));
  const options = { latent: Number(flag("latent", "4")), epochs: Number(flag("epochs", "10")) };
  const folder = path.join(scratch, "data");
  const { star, consensus } = await e2.simulate.linearMotion({
    folder,
    particlesPerState: Math.ceil(particles / 20),
    boxSize: 128,
    apix: 2,
    snr: 1,
    seed: 1,
  });
  const grown = await e2.model.grow(await e2.maps.read(consensus), { resolution: 6, gaussians });
  const model = path.join(scratch, "neutral.txt");
  await e2.model.writeText(model, grown.model);
  const stages = new Map<string, number>();
  let stage = "opening";
  let since = performance.now();
  const enter = (next: string) => {
    const now = performance.now();
    stages.set(stage, (stages.get(stage) ?? 0) + now - since);
    [stage, since] = [next, now];
  };
  const run = await e2.training.trainInThisThread({
    ...{ particles: star, model, out: path.join(scratch, "run"), options },
    onProgress: ({ task }) => enter(task.startsWith("epoch") ? `${options.epochs} epochs` : task),
  });
  enter("");
  run.close();
  const { count, boxSize } = grown.model;
  let all = 0;
  console.log(
    `  ${particles} particles, N ${count}, S ${boxSize}, latent ${options.latent}; ms per particle:`,
  );
  for (const [name, ms] of stages) {
    all += ms;
    console.log(`  ${name.padEnd(32)} ${(ms / particles).toFixed(2).padStart(7)}`);
  }
  console.log(`  ${"all".padEnd(32)} ${(all / particles).toFixed(2).padStart(7)}`);
}

/**
 * A stack of 128² that repeats simulated images up to the requested number of particles. The model has the target size and
 * signal up to the last ring.
 */
async function stream(): Promise<void> {
  const particles = Number(flag("particles", "100000"));
  const gaussians = Number(flag("gaussians", "3082"));
  const images = 100;
  const folder = path.join(scratch, "data");
  const truth = randomModel(gaussians, 128);
  const { star } = await e2.simulate.fromModels([truth], {
    folder,
    particlesPerState: images,
    snr: 1,
    ctf: {},
  });
  const model = path.join(scratch, "neutral.txt");
  await e2.model.writeText(model, truth);
  const stack = readFileSync(path.join(folder, "particles.mrcs"));
  const bytes = (stack.length - 1024) / images;
  const header = Buffer.from(stack.subarray(0, 1024));
  const large = path.join(scratch, "large");
  mkdirSync(large);
  const handle = await open(path.join(large, "particles.mrcs"), "w");
  header.writeInt32LE(particles, 8);
  header.writeInt32LE(particles, 36);
  await handle.write(header);
  for (let i = 0; i < particles; i += images) {
    await handle.write(stack, 1024, Math.min(images, particles - i) * bytes);
  }
  await handle.close();
  const lines = readFileSync(star, "utf8").split("\n");
  const rows = lines.filter((line) => line.includes("@particles.mrcs"));
  const head = lines.slice(0, lines.indexOf(rows[0]!));
  const many = Array.from({ length: particles }, (_, i) =>
    rows[i % images]!.replace(/\d+@/, `${String(i + 1).padStart(6, "0")}@`),
  );
  writeFileSync(path.join(large, "particles.star"), `${[...head, ...many].join("\n")}\n`);
  console.log(`  ${particles} particles of 128², ${((particles * bytes) / 2 ** 30).toFixed(1)} GiB`);

  const speed = async (file: string, out: string, memoryBudget: number, count: number) => {
    let began = { at: 0, done: 0, cpu: process.cpuUsage() };
    let wall = 0;
    let cpu = 0;
    const run = await e2.training
      .trainInThisThread({
        particles: file,
        model,
        out: path.join(scratch, out),
        memoryBudget,
        options: { epochs: 1, coarseRing: 0, heldOut: 0.01 },
        onProgress: ({ task, done, total }) => {
          if (!task.startsWith("epoch")) return;
          if (done <= 32) began = { at: performance.now(), done, cpu: process.cpuUsage() };
          if (done < total) return;
          wall = (performance.now() - began.at) / (total - began.done);
          const { user, system } = process.cpuUsage(began.cpu);
          cpu = (user + system) / 1000 / (total - began.done);
          throw new Error("measured");
        },
      })
      .catch((error: Error) => {
        if (error.message !== "measured") throw error;
        return undefined;
      });
    run?.close();
    console.log(
      `  ${out}: ${count} particles, ${wall.toFixed(3)} ms per particle in the epoch ` +
        `(${cpu.toFixed(3)} ms of CPU time), peak resident ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`,
    );
  };
  await speed(path.join(large, "particles.star"), "streamed", 2 ** 28, particles);
  const small = path.join(large, "first.star");
  writeFileSync(small, `${[...head, ...many.slice(0, 8000)].join("\n")}\n`);
  await speed(small, "held in memory", 2 ** 32, Math.min(particles, 8000));
}

async function main(): Promise<void> {
  const { name } = await e2.useBackend(flag("backend", "auto") as "auto");
  console.log(
    `${part}: backend ${name}, Node ${process.version}, ${cpus().length} × ${cpus()[0]!.model.trim()}, ` +
      `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  );
  if (part === "step") await step();
  else if (part === "loop") await loop();
  else if (part === "whole") await whole();
  else if (part === "stream") await stream();
  else throw new Error("usage: trainingStep.js step|loop|whole|stream [options]");
}

main().catch((error: Error) => {
  console.error(error.stack);
  process.exitCode = 1;
});
