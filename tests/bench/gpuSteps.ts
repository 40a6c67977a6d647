import { inner, orderOf, partsOf, type StepSize, stepOf } from "./gpuParts";

/** Most steps of an epoch that is timed, and seconds after which no longer one is begun. */
const mostSteps = 4096;

/** Takes an epoch of some steps. */
type Take = (steps: number) => Promise<void>;

/** Milliseconds per particle: an epoch of more steps takes as much longer as they do. */
async function perParticle(take: Take, batch: number, seconds: number) {
  await take(2);
  const timed = async (steps: number) => {
    const start = performance.now();
    await take(steps);
    return performance.now() - start;
  };
  const end = performance.now() + 1000 * seconds;
  let few = { steps: 2, ms: await timed(2) };
  let found = few;
  while (performance.now() < end && found.steps < mostSteps) {
    const steps = 4 * found.steps;
    if (found.ms * 4 > end - performance.now()) break;
    found = { steps, ms: await timed(steps) };
    if (found.ms < 2 * few.ms) few = found;
  }
  if (found.steps === few.steps)
    return { steps: found.steps, ms: found.ms / found.steps / batch, withEpoch: true };
  const ms = (found.ms - few.ms) / (found.steps - few.steps) / batch;
  return { steps: found.steps, ms, epochMs: few.ms - few.steps * batch * ms };
}

/** A whole step on the GPU. */
export async function measureGpuStep(size: StepSize, seconds: number) {
  const { GpuEngine } = inner("./projection/gpu/gpuEngine");
  const { gpuSteps } = inner("./training/gpu/gpuSteps");
  const engine = new GpuEngine();
  const parts = partsOf(size, engine);
  const { step, options } = stepOf(size);
  const found = await perParticle(
    async (steps) => {
      const obstacle = await gpuSteps({ ...parts, order: orderOf(size, steps) }, step, options);
      if (obstacle) throw new Error(`the GPU does not support ${obstacle}`);
    },
    size.batch,
    seconds,
  );
  parts.model.dispose();
  await engine.dispose();
  return { ...size, ...found };
}

/** The same step on all cores. */
export async function measureCpuStep(size: StepSize, seconds: number) {
  const { WasmEngine } = inner("./projection/wasm");
  const { engineSteps } = inner("./training/device/engineSteps");
  const engine = new WasmEngine();
  const parts = partsOf(size, engine);
  const { step, options } = stepOf(size);
  const found = await perParticle(
    (steps) => engineSteps({ ...parts, order: orderOf(size, steps) }, step, options),
    size.batch,
    seconds,
  );
  parts.model.dispose();
  await engine.dispose();
  return { ...size, ...found };
}
