import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";

/** A small trained run for the tests in a browser: a domain that moves along a line, two latent dimensions. */
export interface Fixture {
  /** Folder of all files below; shared between test processes, so read-only. */
  folder: string;
  /** Run folder: latent 2, {@link fixtureSize} particles and Gaussians. */
  run: string;
  /** STAR file of the particles; their stack lies beside it. */
  particles: string;
  /** Mean of all states, as a map. */
  consensus: string;
  /** Neutral model as text. */
  model: string;
  /** CSV of index, state, displacement in box units. */
  truth: string;
}

export const fixtureSize = { particles: 432, gaussians: 96, latent: 2, boxSize: 32, apix: 4 } as const;

const recipe = {
  simulation: {
    states: 12,
    particlesPerState: 36,
    boxSize: 32,
    apix: 4,
    range: 0.25,
    snr: 2,
    seed: 7,
    ctf: {},
  },
  neutral: { resolution: 12, gaussians: 96, startGaussians: 96, boxSize: 32 },
  training: { latent: 2, epochs: 9, coarseEpochs: 5, batchSize: 8, vary: ["position" as const], seed: 3 },
};

function fixtureIn(folder: string): Fixture {
  const at = (name: string) => path.join(folder, name);
  return {
    folder,
    run: at("run"),
    particles: at("particles.star"),
    consensus: at("consensus.mrc"),
    model: at("neutral.txt"),
    truth: at("truth.csv"),
  };
}

async function make(folder: string): Promise<void> {
  const { run, particles, consensus, model } = fixtureIn(folder);
  await e2.useBackend("wasm");
  await e2.simulate.linearMotion({ folder, ...recipe.simulation });
  const grown = await e2.model.grow(await e2.maps.read(consensus), recipe.neutral);
  await e2.model.writeText(model, grown.model);
  const trained = await e2.training.trainInThisThread({
    particles,
    model,
    out: run,
    options: recipe.training,
  });
  trained.close();
}

/** Hash of the recipe and of the code that runs it. */
function contentHash(): string {
  const hash = createHash("sha256").update(JSON.stringify(recipe));
  const dist = path.dirname(require.resolve("e2gmm"));
  for (const part of ["network", "projection", "simulate", "training"]) {
    for (const name of readdirSync(path.join(dist, part)).sort()) {
      if (name.endsWith(".js") && !name.includes(".test."))
        hash.update(readFileSync(path.join(dist, part, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Makes the fixture in a separate process on the first call (about ten seconds); later calls reuse it. */
export function fixture(): Fixture {
  const pointer = path.join(tmpdir(), `e2gmm-fixture-${contentHash()}`);
  const known = () => (existsSync(pointer) ? readFileSync(pointer, "utf8") : undefined);
  const before = known();
  if (before !== undefined && existsSync(before)) return fixtureIn(before);
  rmSync(pointer, { force: true });
  // A run records the path of its particles and cannot be moved: the first process sets the pointer to its own folder
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-fixture-"));
  const program = path.join(__dirname, "fixture.js");
  const made = spawnSync(process.execPath, [program, folder], { encoding: "utf8", timeout: 300_000 });
  if (made.status !== 0) throw new Error(`the fixture could not be made:\n${made.stdout}${made.stderr}`);
  const beside = path.join(folder, "pointer");
  writeFileSync(beside, folder);
  try {
    linkSync(beside, pointer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    rmSync(folder, { recursive: true, force: true });
  }
  return fixtureIn(known()!);
}

/** Copies the fixture's run into a folder, such as the one served by JupyterLab. */
export function copyRun(into: string, name = "run"): string {
  const target = path.join(into, name);
  cpSync(fixture().run, target, { recursive: true });
  return target;
}

if (require.main === module) {
  make(process.argv[2]!).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
