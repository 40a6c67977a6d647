import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { createStack } from "../formats/mrc";
import { openParticles } from "./particleSet";
import { type MadeParticle, relionStar } from "./synthetic.test.helper";

/** Writes a stack in which every pixel of image i is first + i. */
export async function writeStack(file: string, count: number, size = 4, first = 0): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const stack = await createStack(file, { size: [size, size], apix: 2 });
  for (let i = 0; i < count; i++) await stack.append(new Float32Array(size * size).fill(first + i));
  await stack.close();
}

/** A particle with the given image name. */
export const at = (image: string): MadeParticle => ({ angles: [10, 20, 30], origin: [1, -2], image });

/** A project of a STAR file and a stack images.mrcs of six images of 4×4 pixels. */
export async function project(t: TestContext, images: string[], star?: string): Promise<string> {
  const folder = temporaryFolder(t);
  await writeStack(path.join(folder, "images.mrcs"), 6);
  const file = path.join(folder, "particles.star");
  writeFileSync(file, star ?? relionStar(images.map(at), { apix: 2, size: 4 }));
  return file;
}

/** An opened particle file, closed when the test ends. */
export async function opened(t: TestContext, file: string, dataFolder?: string) {
  const set = await openParticles(file, dataFolder === undefined ? {} : { dataFolder });
  t.onTestFinished(() => set.close());
  return set;
}

/** Expects an InputError. */
export const refused = (promise: Promise<unknown>, pattern: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, pattern);
    return true;
  });
