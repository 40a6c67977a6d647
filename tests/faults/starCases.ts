import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { OpenParticlesOptions, ParticleSet } from "e2gmm/dist/particles/particleSet";
import { afterAll, beforeAll, test } from "vitest";
import { PARTICLES, reading, Star, writeImages } from "./particleFiles";

/** Cases of STAR files and the folder in which they are read. */

/** A STAR file, and the expected error or warnings. */
export interface StarCase {
  name: string;
  /** The file. Default: that of a good one after the change. */
  text?: (star: Star) => string | Buffer;
  change?: (star: Star) => unknown;
  options?: OpenParticlesOptions;
  /** The expected error, */
  refused?: RegExp;
  /** or the expected warnings, and a further check. */
  notes?: RegExp[];
  holds?: (set: ParticleSet) => void;
}

/** A folder with image stacks for the time of a test file, and paths in it. */
export function starFolder(): { at: (...names: string[]) => string } {
  let folder: string;
  const at = (...names: string[]) => path.join(folder, ...names);
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-star-"));
    writeImages(at("p.mrcs"));
    writeImages(at("one/p.mrcs"));
    writeImages(at("two/p.mrcs"));
    writeImages(at("single.mrc"), 1);
    writeImages(at("cube.mrc"), 8);
    writeImages(at("many.mrcs"), 2 * PARTICLES);
    writeImages(at("unit.mrcs"), PARTICLES, 1);
    writeImages(at("unknown.mrcs"), PARTICLES, 0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { at };
}

/** Adds a test for each case. */
export function testCases(at: (name: string) => string, cases: readonly StarCase[]): void {
  for (const { name, text = (star: Star) => star.text, change, options, refused, notes, holds } of cases) {
    test(name, async () => {
      const star = new Star();
      change?.(star);
      writeFileSync(at("a.star"), text(star));
      const { set, refusal } = await reading(at("a.star"), options);
      if (refused) {
        assert.match(refusal, refused);
        assert.doesNotMatch(refusal, /undefined|NaN/);
        return;
      }
      assert.equal(refusal, "");
      const said = set!.warnings.filter((note) => !note.startsWith("no CTF columns"));
      if (notes) assert.equal(said.length, notes.length, said.join("; "));
      for (const [i, note] of (notes ?? []).entries()) assert.match(said[i]!, note);
      holds?.(set!);
    });
  }
}
