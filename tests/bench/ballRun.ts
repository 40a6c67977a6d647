import path from "node:path";
import * as e2 from "e2gmm";

/** Numbers of Gaussians named on the command line. Default: 512 and 3,082. */
export function sizesGiven(): number[] {
  const given = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
  return given.length > 0 ? given.map(Number) : [512, 3082];
}

/** A run of one epoch with a ball of Gaussians, latent 4 and networks of 3 × 512, in a folder. @returns the run folder */
export async function ballRun(gaussians: number, folder: string): Promise<string> {
  const at = (name: string) => path.join(folder, name);
  const model = e2.model.empty(gaussians, 32, 4);
  const random = new e2.Random(1);
  for (let i = 0; i < gaussians; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * gaussians + i] = 0.08 * random.normal();
    model.params[3 * gaussians + i] = 0.1;
    model.params[4 * gaussians + i] = 0.9;
  }
  await e2.model.writeText(at("model.txt"), model);
  const few = await e2.simulate.linearMotion({
    folder: at("few"),
    states: 4,
    particlesPerState: 16,
    boxSize: 32,
    apix: 4,
  });
  const run = await e2.train({
    particles: few.star,
    model: at("model.txt"),
    out: at("run"),
    options: { latent: 4, epochs: 1, batchSize: 8, hidden: [512, 512, 512] },
  });
  run.close();
  return at("run");
}
