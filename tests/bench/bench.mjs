// `npm run bench`: speed of projection and training on this machine, compared with its peak rate. Options:
//   --engines wasm,tensor      which projection engines: also webgpu (default wasm, tensor)
//   --backends tensorflow,…    for tensor: which TensorFlow.js backends (default all available ones except cpu)
//   --sizes 512/64/31,…        N/S, or N/S/rings (default three target sizes, with 42 rings and with all)
//   --batch 32                 batch size
//   --threads n                threads of wasm and of the networks (default one per core)
//   --hidden 512               width of the three hidden layers of both networks
//   --seconds 3                duration of each measurement
//   --json FILE                output file (default tests/artefacts/bench.json)
// Each measurement runs in a separate process, so that its memory can be measured.
// `npm run bench -- adk|linear [options]`: accuracy on a known motion (tests/bench/accuracy.ts)
// `npm run bench -- method DESIGN [options]`: what a training with all defaults finds of a known truth (tests/bench/method.ts)
// `npm run bench -- homogeneous [options]`: the verdict on sets of one state (tests/bench/homogeneous.ts)
// `npm run bench -- power [options]`: the smallest motion and fraction that are found (tests/bench/power.ts)
// `npm run bench -- coverage DESIGN --folder FOLDER [options]`: how often intervals of places hold (tests/bench/coverage.ts)
// `npm run bench -- symmetry|eigenmotions|tilt|atoms|rare --folder FOLDER [options]`: what is read from it (tests/bench/readings.ts)
// `npm run bench -- ideal DESIGN [options]`: what an observer can tell at best who knows all states (tests/bench/idealObserver.ts)
// `npm run bench -- correct --run RUN [options]`: motion-corrected maps of known states (tests/bench/corrected.ts)
// `npm run bench -- hinged --out FOLDER`: the large set of a large motion for it, and a training (tests/bench/hingedSet.ts)
// `npm run bench -- tilts [options]`: places of tilt series beside single images of equal exposure (tests/bench/tiltSeries.ts)
// `npm run bench -- reconstruct --folder FOLDER [options]`: plain reconstructions beside RELION's (tests/bench/reconstructions.ts)
// `npm run bench -- step|loop|whole|stream [options]`: cost of a training (tests/bench/trainingStep.ts)
// `npm run bench -- gpu [options]`: training on the GPU, and the same on all cores (tests/bench/gpu.ts)
// `npm run bench -- kernel [options]`: the kernel compared with ipykernel and stock tslab (tests/bench/kernel.ts)
// `npm run bench -- scatter`: a scatter plot of a million particles (tests/bench/latentScatter.ts)
// `npm run bench -- probe`: latency from a pointer event to the Gaussians (tests/bench/probe.ts)
// `npm run bench -- page`: size and latency of interactive pages (tests/bench/page.ts)
// `npm run bench -- million --folder FOLDER [options]`: each step with a million particles (tests/bench/million.ts)
// `npm run bench -- reload`: seconds until the explorer's panel can be used (tests/bench/reload.ts)
// `npm run bench -- hand [options]`: from two files to a second round with the mouse alone (tests/bench/byHand.ts)
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(here), "../..");
const library = path.join(root, "kernel-lib/dist");
const require = createRequire(path.join(library, "index.js"));
const load = (name) => require(path.join(library, name));

const fullStep = path.join(root, "tests/dist/bench/fullStep.js");

const defaults = ["512/64/31", "2048/84/41", "3082/128/42", "3082/128/63"];

/** Separate benchmark programs, and the arguments that select them. */
const programs = {
  "bench/accuracy.js": ["adk", "linear"],
  "bench/method.js": ["method"],
  "bench/homogeneous.js": ["homogeneous"],
  "bench/power.js": ["power"],
  "bench/coverage.js": ["coverage"],
  "bench/readings.js": ["symmetry", "eigenmotions", "tilt", "atoms", "rare"],
  "bench/idealObserver.js": ["ideal"],
  "bench/corrected.js": ["correct"],
  "bench/hingedSet.js": ["hinged"],
  "bench/tiltSeries.js": ["tilts"],
  "bench/reconstructions.js": ["reconstruct"],
  "bench/trainingStep.js": ["step", "loop", "whole", "stream"],
  "bench/gpu.js": ["gpu"],
  "bench/kernel.js": ["kernel"],
  "bench/latentScatter.js": ["scatter"],
  "bench/probe.js": ["probe"],
  "bench/page.js": ["page"],
  "bench/million.js": ["million"],
  "bench/byHand.js": ["hand"],
  "bench/reload.js": ["reload"],
};
const [word, ...others] = process.argv.slice(2);
for (const [program, words] of Object.entries(programs)) {
  if (!words.includes(word)) continue;
  const args = [path.join(root, "tests/dist", program), ...(words.length === 1 ? [] : [word]), ...others];
  process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      engines: { type: "string", default: "wasm,tensor" },
      backends: { type: "string" },
      sizes: { type: "string", default: defaults.join(",") },
      batch: { type: "string", default: "32" },
      hidden: { type: "string", default: "512" },
      threads: { type: "string", default: String(availableParallelism()) },
      seconds: { type: "string", default: "3" },
      json: { type: "string", default: path.join(root, "tests/artefacts/bench.json") },
      one: { type: "string" },
    },
  });
  const number = (name) => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name}: expected a number above 0, found ${values[name]}`);
    return value;
  };
  const sizes = values.sizes.split(",").map((text) => {
    const [gaussians, boxSize, rings = Math.floor((boxSize - 1) / 2)] = text.split("/").map(Number);
    if (![gaussians, boxSize, rings].every((value) => Number.isInteger(value) && value > 0)) {
      throw new Error(`--sizes: expected N/S or N/S/rings, found ${text}`);
    }
    return { gaussians, boxSize, rings };
  });
  return {
    engines: values.engines.split(","),
    backends: values.backends?.split(","),
    sizes,
    batch: number("batch"),
    hidden: number("hidden"),
    threads: number("threads"),
    seconds: number("seconds"),
    json: values.json,
    one: values.one === undefined ? undefined : JSON.parse(values.one),
  };
}

/** Operations of loss and gradient with separable factors: three contractions of 8·N per pair (kx, ky ≥ 0) of the disc. */
function operations({ gaussians, rings }) {
  let pairs = 0;
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = 0; ky <= rings; ky++) if (Math.round(Math.hypot(kx, ky)) <= rings) pairs++;
  }
  return 24 * gaussians * pairs;
}

/** Shortest time of a call in milliseconds, over as many calls as fit into the given seconds. */
async function shortest(call, seconds) {
  await call();
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * seconds;
  do {
    const start = performance.now();
    await call();
    best = Math.min(best, performance.now() - start);
  } while (performance.now() < end);
  return best;
}

/** Rate of the networks' matrix products in GFLOPS: 64 rows through 512 × 4,096 weights. */
async function measureNetworks({ threads, seconds }) {
  const { NetworkThreads } = load("network/networkThreads.js");
  const { DenseNetwork } = load("network/denseNetwork.js");
  const { Random } = load("random.js");
  const pool = new NetworkThreads(threads);
  const spec = { inputs: 512, hidden: [], outputs: 4096, dropout: 0, batchNorm: false, outputScale: 1 };
  const network = new DenseNetwork(spec, new Random(1), pool);
  const input = new Float32Array(64 * 512).fill(1);
  const ms = await shortest(async () => {
    network.predict(input, 64);
    await new Promise(setImmediate);
  }, seconds);
  return { gflops: (2 * 64 * 512 * 4096) / ms / 1e6 };
}

/** Measures whole training steps in this process. */
async function measureSteps({ engine, backend, threads, batch, ...rest }) {
  const { measureStep } = require(fullStep);
  if (backend) await load("compute/backends.js").useBackend(backend);
  return measureStep({ ...rest, batch, vary: "all", engine: { engine, threads } });
}

/** Measures loss and gradient in this process. */
async function measureProjection({
  engine,
  backend,
  gaussians,
  boxSize,
  rings,
  batch: count,
  threads,
  seconds,
}) {
  const { exampleBatch } = load("projection/examples.js");
  const { batch, request } = exampleBatch({ count, gaussians, boxSize, rings });
  const both = { ...request, gradient: { model: true } };
  if (backend) await load("compute/backends.js").useBackend(backend);
  const made = await load("projection/engines.js").createEngine({ engine, threads });
  const loss = () => made.evaluate(batch, { ...request, gradient: {} });
  const gradient = () => made.evaluate(batch, both);
  const before = process.memoryUsage().rss;
  const lossMs = (await shortest(loss, seconds / 3)) / count;
  const gradientMs = (await shortest(gradient, seconds)) / count;
  const peak = 1024 * process.resourceUsage().maxRSS;
  return { lossMs, gradientMs, memoryMB: (peak - before) / 2 ** 20, processMB: peak / 2 ** 20 };
}

const parts = { networks: measureNetworks, step: measureSteps, projection: measureProjection };

function measureApart(part, what) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [here, "--one", JSON.stringify({ part, ...what })],
    {
      encoding: "utf8",
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
      maxBuffer: 2 ** 26,
    },
  );
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1));
  return { error: stderr.trim().split("\n").filter(Boolean).at(-1) ?? `exit status ${status}` };
}

function printTable(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i]).length)));
  rows.forEach((row, j) => {
    console.log(`| ${row.map((cell, i) => String(cell).padEnd(widths[i])).join(" | ")} |`);
    if (j === 0) console.log(`| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  });
}

/** Adds the rate of operations and its fraction of the machine's peak rate. */
function withRate(found, operations, ms, machineRate) {
  if (found.error) return found;
  const gflops = operations / ms / 1e6;
  return { ...found, gflops, share: gflops / machineRate };
}

async function main() {
  const options = readOptions();
  if (options.one) {
    const { part, ...what } = options.one;
    console.log(JSON.stringify(await parts[part](what)));
    process.exit(0);
  }
  for (const file of [path.join(library, "wasm/projection.wasm"), fullStep]) {
    if (!existsSync(file)) throw new Error(`${file} does not exist: npm run build`);
  }
  const started = new Date();
  const machine = {
    processor: cpus()[0]?.model.trim(),
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadAtStart: loadavg()[0],
  };
  console.log(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGB} GB, Node ${machine.node}`);
  if (machine.loadAtStart > 0.3) {
    console.log(`The machine is busy (load ${machine.loadAtStart.toFixed(1)}): times may be too long.`);
  }
  const backends = await load("compute/backends.js").listBackends();
  const networks = measureApart("networks", { threads: options.threads, seconds: 1 });
  printTable([
    ["backend", "device", "matrix product, GFLOPS"],
    ...backends.map(({ name, available, device, gflops, reason }) =>
      available ? [name, device, gflops.toFixed(gflops < 10 ? 1 : 0)] : [name, `– (${reason})`, "–"],
    ),
    ["(networks)", `WebAssembly, ${options.threads} threads`, networks.gflops?.toFixed(0) ?? networks.error],
  ]);
  const rate = Math.max(...backends.map(({ gflops = 0 }) => gflops));
  const present = backends
    .filter(({ available, name }) => available && name !== "cpu")
    .map(({ name }) => name);
  const wanted = options.backends ?? present;
  const results = [];
  const { batch, threads, seconds, hidden } = options;
  for (const size of options.sizes) {
    for (const engine of options.engines) {
      for (const backend of engine === "tensor" ? wanted : [undefined]) {
        const what = { engine, backend, ...size, batch, threads, seconds };
        const projection = measureApart("projection", what);
        const step = measureApart("step", { ...what, hidden });
        results.push({
          ...what,
          hidden,
          projection: withRate(projection, operations(size), projection.gradientMs, rate),
          step: withRate(step, operations(size) + step.networkOperations, step.best, rate),
        });
        process.stderr.write(".");
      }
    }
  }
  process.stderr.write("\n");
  const number = (value, digits) => value?.toFixed(digits) ?? "–";
  const percent = (share) => (share === undefined ? "–" : `${Math.round(100 * share)} %`);
  printTable([
    ["", "", "loss", "loss + gradient", "", "", "", "full step", "", "", ""],
    ["N/S, rings", "engine", "ms", "ms", "GFLOPS", "share", "MB", "ms", "GFLOPS", "share", "MB"],
    ...results.map(({ gaussians, boxSize, rings, engine, backend, projection, step }) => [
      `${gaussians}/${boxSize}, ${rings}`,
      backend ? `${engine} on ${backend}` : `${engine}, ${threads} threads`,
      projection.error?.slice(0, 60) ?? number(projection.lossMs, 3),
      number(projection.gradientMs, 3),
      number(projection.gflops, 0),
      percent(projection.share),
      number(projection.memoryMB, 0),
      step.error?.slice(0, 60) ?? number(step.best, 2),
      number(step.gflops, 0),
      percent(step.share),
      number(step.memoryMB, 0),
    ]),
  ]);
  console.log(
    `Milliseconds per particle in batches of ${batch}, the shortest seen; memory is what is added to the process. Full step: both
networks of 3 × ${hidden}, all five parameters of each Gaussian, Adam. GFLOPS: if all were computed by separable factors; share:
of the fastest matrix product above. Above 100 % is what spreading and FFT save.`,
  );
  mkdirSync(path.dirname(options.json), { recursive: true });
  const record = { date: started.toISOString(), machine, backends, networks, results };
  writeFileSync(`${options.json}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${options.json}.new`, options.json);
  console.log(options.json);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
