import { GaussianHead } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { ProjectionEngine } from "../../projection/engine";
import type { GpuEngine } from "../../projection/gpu/gpuEngine";
import { requireSame, testBatch } from "../../projection/gpu/testedGpu";
import { Random } from "../../random";
import { deviceOf } from "../device/deviceOf";

const [rows, latent, featureSize] = [9, 2, 10];

/** How places from the encoder change when it is taught others. */
async function taught(engine: ProjectionEngine): Promise<Float32Array> {
  const device = deviceOf(engine);
  const { batch, request } = testBatch(1);
  const neutral = { count: batch.gaussians, params: batch.model, boxSize: request.boxSize, apix: 1 };
  const random = new Random(7);
  const normal = (length: number) => Float32Array.from({ length }, () => random.normal());
  const features = normal(rows * featureSize);
  const head = new GaussianHead(neutral, ["position"]);
  const model = new LatentModel({ latent, featureSize, hidden: [40, 36], dropout: 0 }, head, random, 1);
  try {
    model.calibrate(features, rows);
    model.orderAxes(features, rows);
    const before = await device.encode(model, features);
    const mean = normal(rows * latent);
    const standardDeviation = Float32Array.from({ length: rows * latent }, () => 0.3 + random.uniform());
    const particles = Int32Array.from({ length: rows }, (_, row) => row);
    await device.teach(model, { particles, features, posterior: { mean, standardDeviation }, random });
    return (await device.encode(model, features)).map((z, i) => z - before[i]!);
  } finally {
    model.dispose();
  }
}

/** Compares the encoder and its teaching on a GPU with the CPU's. @throws GpuFailure if it fails or computes wrong */
export async function requireSameTeaching(gpu: GpuEngine, cpu: ProjectionEngine): Promise<void> {
  const { name } = await gpu.opened();
  requireSame(name, {
    ...{ name: "places of a taught encoder", tolerance: 5e-2 },
    found: await taught(gpu),
    expected: await taught(cpu),
  });
}
