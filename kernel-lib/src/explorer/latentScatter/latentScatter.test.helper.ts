import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { FakeTransport } from "tslab-widgets/testing";
import { Random } from "../../random";
import { LatentScatter } from "./latentScatter";
import type { LatentScatterOptions } from "./options";

/** A page with a view of the latest scatter. */
export class Page extends FakeTransport {
  set(state: Record<string, unknown>): void {
    this.update(this.opened.at(-1)!.id, state);
  }

  /** The answer to a request. */
  async ask(content: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = String(this.sent.length);
    this.receive(this.opened.at(-1)!.id, { method: "custom", content: { id, ...content } });
    await setImmediate();
    const answers = this.sent.flatMap(({ data }) => (data["method"] === "custom" ? [data["content"]] : []));
    return answers.find((answer) => (answer as { id: unknown }).id === id) as Record<string, unknown>;
  }
}

/** Normally distributed numbers. */
export function normal(count: number, seed = 3): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Particles of {@link scatterOf}. */
export const n = 400;
/** Their latent coordinates, three for each. */
export const latents = normal(3 * n);
/** Rows of the particles whose first two coordinates meet a condition. */
export const rowsWhere = (
  chosen: (x: number, y: number, row: number) => boolean,
  count = n,
  z = latents,
  latent = 3,
) => Array.from({ length: count }, (_, i) => i).filter((i) => chosen(z[latent * i]!, z[latent * i + 1]!, i));

/** A scatter with three dimensions and two columns. */
export function scatterOf(more: Partial<LatentScatterOptions> = {}): LatentScatter {
  return new LatentScatter({
    latents,
    latent: 3,
    columns: [
      { name: "defocus", unit: "Å", values: Float64Array.from({ length: n }, (_, i) => 1000 + i) },
      { name: "class", values: Array.from({ length: n }, (_, i) => `class ${i % 4}`) },
    ],
    ...more,
  });
}

/** Compares numbers with a tolerance. */
export const assertClose = (found: readonly number[], expected: readonly number[], within = 1e-6) =>
  assert.ok(
    found.length === expected.length && found.every((x, i) => Math.abs(x - expected[i]!) <= within),
    `${found} is not ${expected}`,
  );
