import { createRequire } from "node:module";
import path from "node:path";
import * as e2 from "e2gmm";

/** Internal modules of the library. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

export interface StepCase {
  gaussians: number;
  boxSize: number;
  rings: number;
  /** Batch size. */
  batch: number;
  /** Width of each of the three hidden layers of both networks. */
  hidden: number;
  /** Parameters that vary: all five of a Gaussian, or its position. */
  vary: "all" | "position";
  engine: e2.projection.EngineChoice;
  seconds: number;
}

export interface StepTimes {
  /** Milliseconds per particle: fastest step and median step. */
  best: number;
  middle: number;
  /** Memory added by the steps, and peak memory of the process. */
  memoryMB: number;
  processMB: number;
  /** Multiplications and additions per particle in the products of the networks. */
  networkOperations: number;
}

/** Gaussians in a ball, with widths as in a model at the resolution of its pixels. */
export function randomModel(gaussians: number, boxSize: number): e2.model.GaussianModel {
  const { exampleBatch } = inner("./projection/examples");
  const { batch } = exampleBatch({ count: 1, gaussians, boxSize, rings: 1, shared: true });
  return { count: gaussians, params: batch.model, boxSize, apix: 1 };
}

/**
 * Whole training steps on random particles held in memory: encoder, decoder, projection, FRC, backward pass and Adam update
 * of both networks. Engines that need a TensorFlow.js backend require it to be initialized.
 */
export async function measureStep(measured: StepCase): Promise<StepTimes> {
  const { Adam } = inner("./network/adam");
  const { GaussianHead } = inner("./network/head");
  const { LatentModel } = inner("./network/latentModel");
  const { exampleBatch } = inner("./projection/examples");
  const { gaussians, boxSize, rings, batch: count, hidden } = measured;
  const vary = measured.vary === "all" ? ["position", "amplitude", "width"] : ["position"];
  const featureSize = 128;
  const latent = 4;
  const random = new e2.Random(1);
  const { batch, request } = exampleBatch({ count, gaussians, boxSize, rings, shared: true });
  const features = Float32Array.from({ length: count * featureSize }, () => random.normal());
  const before = process.memoryUsage().rss;
  const neutral = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  const engine = await e2.projection.createEngine(measured.engine, {
    model: neutral,
    rings,
    batchSize: count,
  });
  const head = new GaussianHead(neutral, vary);
  const layers = [hidden, hidden, hidden];
  const spec = { latent, featureSize, hidden: layers, dropout: 0.3 };
  const model = new LatentModel(spec, head, random, measured.engine.threads);
  const adam = new Adam([model.encoder, model.decoder], { learningRate: 1e-4, weightDecay: 1e-3 });
  const once = async () => {
    const pass = model.forward(features, count, 0.1, random);
    const { modelGradient } = await engine.evaluate(
      { ...batch, model: pass.models },
      { ...request, gradient: { model: true } },
    );
    pass.backward(modelGradient!, { scale: -1 / count, penalty: 1e-3 / count }, adam.next());
  };
  await once();
  const times: number[] = [];
  let peak = process.memoryUsage().rss;
  const end = performance.now() + 1000 * measured.seconds;
  do {
    const start = performance.now();
    await once();
    times.push((performance.now() - start) / count);
    peak = Math.max(peak, process.memoryUsage().rss);
  } while (performance.now() < end);
  model.dispose();
  await engine.dispose();
  times.sort((a, b) => a - b);
  const weights = (sizes: number[]) => sizes.slice(1).reduce((sum, width, i) => sum + width * sizes[i]!, 0);
  return {
    best: times[0]!,
    middle: times[times.length >> 1]!,
    memoryMB: (peak - before) / 2 ** 20,
    processMB: peak / 2 ** 20,
    networkOperations:
      6 * (weights([featureSize, ...layers, latent]) + weights([latent, ...layers, head.outputs])),
  };
}
