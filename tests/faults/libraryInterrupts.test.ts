import assert from "node:assert/strict";
import { afterAll, beforeAll, test } from "vitest";
import { KernelProcess } from "../kernel/kernelProcess";
import { resultText, type WireClient } from "../kernel/wireClient";
import { endsWhenInterrupted } from "./interrupting";

/** One interrupt ends a cell in a library call and the work of that call. */

let kernel: KernelProcess;
let client: WireClient;

beforeAll(async () => {
  kernel = await KernelProcess.start();
  client = await kernel.client();
  const made = await client.execute(
    `const kept = 42;
     const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
     import * as e2 from "e2gmm";
     const data = await e2.simulate.linearMotion({ folder: "sim", states: 3, particlesPerState: 100, boxSize: 32, apix: 4, range: 0.25, seed: 3 });
     const map = await e2.maps.read(data.consensus);
     const particles = await e2.particles.open(data.star);
     const { model } = await e2.model.grow(map, { resolution: 16, gaussians: 16, startGaussians: 16 });
     await e2.model.writeText("model.txt", model);
     const random = new e2.Random(1);
     const many = Float32Array.from({ length: 20_000 }, () => random.normal());
     const seen = { steps: 0 };
     const onProgress = () => { if (seen.steps++ === 0) console.log("go"); };`,
    { timeout: 120_000 },
  );
  assert.equal(made.reply.content["status"], "ok", JSON.stringify(made.reply.content));
});
afterAll(() => kernel.stop());

const library: [what: string, code: string][] = [
  [
    "growNeutralModel",
    "await e2.model.grow(map, { resolution: 9, gaussians: 512, startGaussians: 512, onProgress });",
  ],
  ["reconstruct", "for (;;) await e2.reconstruct(particles, { onProgress });"],
  [
    "simulateFromModels",
    `await e2.simulate.fromModels([model], { folder: "more", particlesPerState: 200_000, onProgress });`,
  ],
  [
    "prepareTargets",
    "for (;;) { const t = await e2.particles.prepareTargets(particles, { boxSize: 32, rings: 12, onProgress }); await t.dispose(); }",
  ],
  ["umap", "await e2.latent.umap(many, 2, { epochs: 100_000, onProgress });"],
  [
    "train",
    `await e2.train({ particles: data.star, model: "model.txt", out: "run", options: { latent: 1, epochs: 10_000 }, onProgress });`,
  ],
];

for (const [what, code] of library) {
  test(`one interrupt ends ${what} and its work`, async () => {
    await client.execute("seen.steps = 0;");
    await endsWhenInterrupted(
      client,
      `void (async () => { ${code} })().catch(() => {}); await new Promise(() => {});`,
    );
    await client.execute("await sleep(300);");
    const before = resultText(await client.execute("seen.steps"));
    await client.execute("await sleep(300);");
    assert.equal(resultText(await client.execute("seen.steps")), before, "it goes on");
  });
}
