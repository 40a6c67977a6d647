import type { ProjectionEngine } from "../../projection/engine";
import { type SampleShape, SampleSteps } from "./sampleSteps";

/** Milliseconds over which steps are timed at least, and after which they are not repeated. */
const [leastTime, mostTime] = [200, 1500];

/**
 * Milliseconds of a training step with an engine, as in a long epoch: what an epoch costs whatever its length, such as copying the
 * networks to a GPU and back, is not counted. Takes up to some seconds.
 */
export async function stepMilliseconds(shape: SampleShape, engine: ProjectionEngine): Promise<number> {
  const sample = new SampleSteps(shape, engine);
  try {
    // Compiles kernels and starts threads.
    await sample.run(2);
    for (let few = 1; ; few *= 2) {
      const short = await sample.run(few);
      const long = await sample.run(4 * few);
      const between = long - short;
      if (between < leastTime && long < mostTime) continue;
      return between > 0 ? between / (3 * few) : long / (4 * few);
    }
  } finally {
    sample.dispose();
  }
}
