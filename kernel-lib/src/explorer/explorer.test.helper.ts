import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, FakeTransport, type Sent } from "tslab-widgets/testing";
import { useBackend } from "../compute/backends";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { simulateLinearMotion } from "../simulate/designs";
import type { CompleteSettings } from "../training/settings";
import type { Explorer } from "./explorer";
import type { ExplorerAnswer, ExplorerRequest } from "./explorerState";

/** A page that can wait for messages. */
export class Page extends FakeTransport {
  /** Waits for the first message that `fits` accepts. */
  async heard<T>(fits: (message: Sent) => T | undefined | false): Promise<T> {
    for (let tries = 0; tries < 600; tries++) {
      for (const message of this.sent) {
        const found = fits(message);
        if (found) return found;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the expected message did not arrive");
  }

  async ask(explorer: Explorer, request: ExplorerRequest): Promise<ExplorerAnswer> {
    const id = `request ${this.sent.length}`;
    this.receive(explorer.id, { method: "custom", content: { ...request, id } });
    return this.heard(({ data }) => {
      const content = data["content"] as ExplorerAnswer | undefined;
      return content?.id === id && content;
    });
  }
}

export const states = 8;
export const particlesPerState = 12;

export interface TestBench {
  /** Contains particles and model; the working folder of the process until `end`. */
  folder: string;
  /** A small training with two latent dimensions into `run`. */
  settings: CompleteSettings;
  page: Page;
  at(name: string): string;
  /** Removes what earlier tests have made of the run. */
  forget(): void;
  end(): void;
}

/** Makes particles and a neutral model for a training of a second or two, and a page. */
export async function testBench(): Promise<TestBench> {
  const before = process.cwd();
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-explorer-"));
  const at = (name: string) => path.join(folder, name);
  const settings: CompleteSettings = {
    particles: at("particles.star"),
    model: at("neutral.txt"),
    out: at("run"),
    options: { latent: 2, epochs: 2, coarseEpochs: 1, batchSize: 16, hidden: [24, 24], vary: ["position"] },
    engine: { threads: 1 },
  };
  await useBackend("wasm");
  const { consensus } = await simulateLinearMotion({
    folder,
    states,
    particlesPerState,
    boxSize: 24,
    apix: 5,
    snr: 2,
  });
  const grown = await growNeutralModel(await readMap(consensus), {
    resolution: 15,
    gaussians: 24,
    startGaussians: 24,
    boxSize: 24,
  });
  await writeModelText(settings.model, grown.model);
  const page = connect(new Page());
  process.chdir(folder);
  const end = () => {
    process.chdir(before);
    connect(undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  const forget = () => rmSync(path.join(settings.out, "workbench"), { recursive: true, force: true });
  return { folder, settings, page, at, forget, end };
}
