import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { e2gmm, refuses } from "../cli/command";
import { readStack } from "../cli/mrc";
import { skipIf } from "../requirement";

/**
 * Inputs that once gave a silently wrong result, a crash, or a misleading error, with the correct outcome. They are stored
 * beside the repository in development and on CI; other tests of this folder cover the same with inputs of their own.
 */

const cases = path.resolve(__dirname, "../../../../shared/cases");

type Command = "reconstruct" | "train";

/** Expected outcome of a command: a one-line error, or success with output that matches. */
interface Expectation {
  name: string;
  file: string;
  command: Command;
  options?: string[];
  refused?: RegExp[];
  printed?: RegExp[];
  notPrinted?: RegExp[];
}

const training = ["--latent", "1", "--epochs", "2", "--backend", "wasm"];

const reconstruct = (name: string, file: string, what: Partial<Expectation>): Expectation => ({
  name,
  file,
  command: "reconstruct",
  ...what,
});
const train = (name: string, file: string, what: Partial<Expectation>): Expectation => ({
  name,
  file,
  command: "train",
  ...what,
});
/** Invalid metadata are refused by every command that reads particles, with the same message. */
const both = (name: string, file: string, ...refused: RegExp[]): Expectation[] => [
  reconstruct(name, file, { refused }),
  train(name, file, { refused }),
];

const expectations: Expectation[] = [
  ...both(
    "amplitude-contrast-percent",
    "a.star",
    /a\.star: row 1 \(line 13\), column _rlnAmplitudeContrast: expected .*0 to 1.*found 10/,
  ),
  ...both("voltage-zero", "a.star", /_rlnVoltage: expected .*kV.*found 0/),
  ...both("cs-nan-pose", "a.cs", /a\.cs: row 4, field alignments3D\/pose: expected .*finite/),
  ...both("cs-nan-shift", "a.cs", /a\.cs: row 4, field alignments3D\/shift: expected .*finite.*found NaN/),
  reconstruct("cs-unaligned-poses", "a.cs", { printed: [/note: 4 of 12 particles/] }),
  reconstruct("duplicates-in-both-halves", "a.star", {
    printed: [/note: 12 of 24 rows name an image a second time/],
    notPrinted: [/or better: the curve never falls/],
  }),
  reconstruct("eman2-advice", "a.lst", {
    refused: [/a\.lst: expected the image stack particles\/mic1__ctf_flip\.hdf/],
  }),
  reconstruct("eman2-advice", "all_images.star", { refused: [/expected the angle columns/] }),
  train("few-particles-2", "a.star", { refused: [/at least \d+ particles/, /found 2/] }),
  train("few-particles-3", "a.star", { refused: [/at least \d+ particles/, /found 3/] }),
  train("half-inverted", "a.star", { refused: [/64 of 128 particles .*minus sign and 64 with a plus sign/] }),
  train("inverted-particles", "a.star", { refused: [/contrast/, /--invert-contrast/, /[-−]0\.\d/] }),
  train("inverted-particles", "a.star", {
    options: ["--invert-contrast"],
    printed: [/latent coordinates of 64 particles/],
  }),
  train("noise-only-particles", "a.star", { refused: [/agree/, /FRC/, /±/] }),
  train("tenth-inverted", "a.star", { printed: [/20 of (the )?200 particles/, /outliers\.csv/] }),
  reconstruct("hash-names", "a.star", { printed: [/note: 4 lines .*begin with #/] }),
  reconstruct("hot-pixel", "a.star", { printed: [/note: .*row 8/, /FSC of the half maps 0\.143 at/] }),
  reconstruct("image-name-without-number", "a.star", {
    refused: [/row 1 .*column _rlnImageName: expected an image number before @/, /12 images/],
  }),
  reconstruct("optics-as-pairs", "a.star", { printed: [/64 voxels of 1\.500 Å/] }),
  reconstruct("optics-as-pairs-no-ctf", "a.star", {
    printed: [/64 voxels of 1\.500 Å/],
    notPrinted: [/taken from the image stack/],
  }),
  reconstruct("pixel-size-in-particle-table", "a.star", {
    printed: [/64 voxels of 1\.500 Å/],
    notPrinted: [/taken from the image stack/],
  }),
  reconstruct("origins-half-there", "a.star", { refused: [/_rlnOriginXAngst/, /_rlnOriginY/] }),
  reconstruct("tomo-2d-stacks", "a.star", {
    refused: [/expected the optimisation set/, /the particles alone/],
  }),
  train("train-mask-empty", "a.star", { options: ["--mask", "k0.mrc"], refused: [/k0\.mrc: expected/] }),
  train("train-mask-empty", "a.star", {
    options: ["--mask", "map.mrc"],
    refused: [/map\.mrc: voxel .*: expected a value from 0 to 1/],
  }),
  reconstruct("undeclared-extended-header", "a.star", { printed: [/p\.mrcs.*4,?096 bytes/] }),
  reconstruct("utf8-bom", "a.star", { printed: [/12 particles/] }),
];

describe("inputs of past defects", skipIf(!existsSync(cases) && "no ../shared/cases"), () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-cases-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("every case is in the table", () => {
    const there = readdirSync(cases, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const named = new Set(expectations.map(({ name }) => name));
    assert.deepEqual(
      there.map(({ name }) => name).filter((name) => !named.has(name)),
      [],
    );
  });

  for (const [i, { name, file, command, options = [], ...right }] of expectations.entries()) {
    const title = `${name}: ${command} ${[file, ...options].join(" ")} ${right.refused ? "is refused" : "succeeds"}`;
    test(title, () => {
      const there = (part: string) => path.join(cases, name, part);
      const given = options.map((option) => (option.endsWith(".mrc") ? there(option) : option));
      const particles = ["--quiet", "--particles", there(file), ...given];
      const out = `out${i}${command === "reconstruct" ? ".mrc" : ""}`;
      const args =
        command === "reconstruct"
          ? [command, ...particles, "--out", out]
          : [command, ...particles, ...training, "--model", path.join(cases, "model.txt"), "--out", out];
      if (right.refused) {
        refuses(folder, args, ...right.refused);
        return;
      }
      const { code, out: printed, err } = e2gmm(folder, ...args);
      assert.equal(code, 0, err);
      for (const pattern of right.printed ?? []) assert.match(printed, pattern);
      for (const pattern of right.notPrinted ?? []) assert.doesNotMatch(printed, pattern);
      if (command === "reconstruct") assert.ok(readStack(path.join(folder, out)).data.every(Number.isFinite));
      else assert.doesNotMatch(readFileSync(path.join(folder, out, "latents.csv"), "utf8"), /nan|inf/i);
    });
  }
});
