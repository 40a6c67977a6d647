import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";

/** A project that trains in a second: 60 particles of 32² pixels, 24 Gaussians. Removed when the test file ends. */
export interface SmallProject {
  folder: string;
  particles: string;
  model: string;
  /** Training settings for a folder of the project; `options` override the defaults for a small run. */
  settings(out: string, options?: e2.training.TrainingSettings["options"]): e2.training.TrainingSettings;
  /** The same as arguments of the command. */
  command(out: string, options?: e2.training.TrainingSettings["options"]): string[];
}

const small: NonNullable<e2.training.TrainingSettings["options"]> = {
  latent: 1,
  vary: ["position"],
  epochs: 2,
  coarseEpochs: 1,
  hidden: [16, 16],
  featureSize: 16,
};

export async function smallProject(): Promise<SmallProject> {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-faults-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await e2.useBackend("wasm");
  const { consensus } = await e2.simulate.linearMotion({
    folder,
    states: 3,
    particlesPerState: 20,
    range: 0.3,
    boxSize: 32,
    apix: 4,
    seed: 3,
  });
  const model = path.join(folder, "model.txt");
  const grown = await e2.model.grow(await e2.maps.read(consensus), {
    resolution: 16,
    gaussians: 24,
    boxSize: 32,
  });
  await e2.model.writeText(model, grown.model);
  const particles = path.join(folder, "particles.star");
  return {
    folder,
    particles,
    model,
    settings: (out, options) => ({
      particles,
      model,
      out: path.join(folder, out),
      options: { ...small, ...options },
      engine: { engine: "wasm" },
      poses: "file",
    }),
    command: (out, options) => [
      ...[
        "train",
        "--quiet",
        "--particles",
        particles,
        "--model",
        model,
        "--backend",
        "wasm",
        "--engine",
        "wasm",
        "--poses",
        "file",
      ],
      ...Object.entries({ ...small, ...options }).flatMap(([name, value]) => [
        `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        String(value),
      ]),
      ...["--out", path.join(folder, out)],
    ],
  };
}
