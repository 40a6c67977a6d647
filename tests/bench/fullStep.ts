import { createRequire } from "node:module";
import path from "node:path";
import * as e2 from "e2gmm";

/** Parts of the library that are no public interface. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

export interface StepCase {
  gaussians: number;
  boxSize: number;
  rings: number;
  /** Particles of a step. */
  batch: number;
  /** Width of each of the three hidden layers of both networks. */
  hidden: number;
  /** What is varied: all five parameters of a Gaussian, or its position. */
  vary: "all" | "position";
  engine: e2.projection.EngineChoice;
  seconds: number;
}

export interface StepTimes {
  /** Milliseconds per particle: of the fastest step, and of the one in the middle. */
  best: number;
  middle: number;
  /** What the steps added to the process, and the most that it took. */
  memoryMB: number;
  processMB: number;
  /** Multiplications and additions per particle in the products of the networks. */
  networkOperations: number;
}

/** Gaussians in a ball, as narrow and as wide as those of a model at the resolution of its pixels. */
export function randomModel(gaussians: number, boxSize: number): e2.model.GaussianModel {
  const { exampleBatch } = inner("./projection/examples");
  const { batch } = exampleBatch({ count: 1, gaussians, boxSize, rings: 1, shared: true });
  return { count: gaussians, params: batch.model, boxSize, apix: 1 };
}

/**
 * Whole training steps on random particles that are held in memory: encoder, decoder, projection, FRC, and everything back to
 * Adam's update of both networks. A TensorFlow.js backend has to be up where the engine needs one.
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
