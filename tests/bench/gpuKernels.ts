import { inner, orderOf, partsOf, productOperations, type StepSize, stepOf } from "./gpuParts";

/** Rate of a product, 10¹² operations a second, by the form in which it is computed. */
export interface Product {
  rows: number;
  inputs: number;
  outputs: number;
  teraflops: Record<string, number>;
}

/** Dispatches of a step without its epoch, from the library's `GpuEpoch`. */
interface Timed {
  name: string;
  record: unknown;
}

/** The products of a step of 32 particles, and of places of many. */
const shapes = [
  { rows: 32, inputs: 256, outputs: 512 },
  { rows: 32, inputs: 512, outputs: 512 },
  { rows: 32, inputs: 512, outputs: 15410 },
  { rows: 1280, inputs: 512, outputs: 512 },
  { rows: 1280, inputs: 512, outputs: 15410 },
];
const smallShapes = [
  { rows: 8, inputs: 16, outputs: 120 },
  { rows: 128, inputs: 16, outputs: 4100 },
];

/** Seconds of the tests that a GPU has to pass before it is used. @throws GpuFailure if it does not pass them */
export async function measureSelfTest() {
  const { GpuEngine } = inner("./projection/gpu/gpuEngine");
  const { openTestedGpu } = inner("./projection/gpu/testedGpu");
  const { requireSameTraining } = inner("./training/trial/selfTest");
  const start = performance.now();
  const engine = new GpuEngine({ open: () => openTestedGpu() });
  await engine.opened();
  const opened = performance.now();
  await requireSameTraining(engine);
  const end = performance.now();
  await engine.dispose();
  return { passed: true, projections: (opened - start) / 1000, training: (end - opened) / 1000 };
}

/** Adapter, its limits, and its rate of multiplications and additions: in registers, and in products in each form that it can compute. */
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
  const { productRate } = inner("./network/gpu/productRate");
  const products: Product[] = [];
  for (const shape of small ? smallShapes : shapes) {
    const teraflops: Record<string, number> = {};
    for (const form of device.productForms) {
      teraflops[form] = (await productRate(device, shape, form)) / 1000;
    }
    products.push({ ...shape, teraflops });
  }
  const { name, limits, hasClock, productForm } = device;
  device.dispose();
  const teraflops = (threads * rounds * 64) / Math.min(...times) / 1e9;
  return { name, hasClock, productForm, peakTeraflops: teraflops, products, limits };
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
