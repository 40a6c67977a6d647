import { inner, orderOf, partsOf, productOperations, type StepSize, stepOf } from "./gpuParts";

/** Dispatches of a step without its epoch, from the library's `GpuEpoch`. */
interface Timed {
  name: string;
  record: unknown;
}

/** Adapter, its limits, and its rate of multiplications and additions. */
export async function measureAdapter(small: boolean) {
  const { GpuDevice } = inner("./compute/gpu/gpuDevice");
  const device = await GpuDevice.open();
  const [threads, rounds] = small ? [2 ** 10, 64] : [2 ** 20, 2048];
  const buffer = device.buffer(16 * threads);
  const peak = await device.dispatch({
    files: ["peak"],
    constants: { rounds },
    buffers: [buffer],
    groups: () => [threads / 256, 1, 1],
  });
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await device.time({ dispatches: [peak], count: 1 }));
  const { largestProduct, productRate } = inner("./network/gpu/productRate");
  const product = small ? { rows: 8, inputs: 16, outputs: 120 } : largestProduct;
  const productTeraflops = (await productRate(device, product)) / 1000;
  const { name, limits, hasClock } = device;
  device.dispose();
  const teraflops = (threads * rounds * 64) / Math.min(...times) / 1e9;
  return { name, hasClock, peakTeraflops: teraflops, product, productTeraflops, limits };
}

/**
 * Time of each kernel of a step, repeated in one pass, in microseconds, and the rate of the products. The step before has made all
 * input; what a kernel reads is the same in each repetition, but for the weights.
 */
export async function measureKernels(size: StepSize, repeats: number) {
  const { GpuEngine } = inner("./projection/gpu/gpuEngine");
  const { GpuEpoch } = inner("./training/gpu/gpuSteps");
  const { expectedWidths } = inner("./training/gpu/expectedWidths");
  const { chooseSpread } = inner("./projection/plan");
  const engine = new GpuEngine();
  const parts = { ...partsOf(size, engine), order: orderOf(size, 2) };
  const { step, options } = stepOf(size);
  const plan = chooseSpread(expectedWidths(parts, step.rings));
  const device = await engine.opened();
  const epoch = new GpuEpoch(device, parts, { plan, rings: step.rings });
  await epoch.run(step, options);
  const dispatches: Timed[] = await epoch.dispatches();
  const kernels = new Map<string, { times: number; microseconds: number }>();
  for (const dispatch of dispatches) {
    const many = Array.from({ length: repeats }, () => dispatch);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++)
      best = Math.min(best, await device.time({ dispatches: many, count: size.batch }));
    const one = (1000 * best) / repeats;
    const { times = 0, microseconds = 0 } = kernels.get(dispatch.name) ?? {};
    kernels.set(dispatch.name, { times: times + 1, microseconds: microseconds + one });
  }
  const all = Array.from({ length: Math.max(1, Math.round(repeats / 10)) }, () => dispatches).flat();
  const together =
    (1000 * (await device.time({ dispatches: all, count: size.batch }))) / (all.length / dispatches.length);
  epoch.dispose();
  parts.model.dispose();
  await engine.dispose();
  return {
    ...size,
    dispatches: dispatches.length,
    grid: plan.grid,
    classes: plan.classes.length,
    stepMicroseconds: together,
    kernels: [...kernels].map(([name, found]) => {
      const operations = productOperations(name, size);
      const teraflops = operations / found.microseconds / 1e6;
      return { name, ...found, ...(operations > 0 && { teraflops }) };
    }),
  };
}
