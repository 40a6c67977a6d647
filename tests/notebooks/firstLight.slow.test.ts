import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { describe, test } from "vitest";
import { skipIf } from "../requirement";
import { root } from "../workspace/repository";
import { checkStored, execute, joined, type Notebook, outputs, skip, temporaryFolder } from "./executed";

// Runs all cells of the tutorial in the kernel, on its own and on given data.

/** Columns of a CSV file of numbers. */
function csv(file: string): Record<string, number[]> {
  const [header, ...rows] = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  return Object.fromEntries(header!.map((name, c) => [name, rows.map((row) => Number(row[c]))]));
}

/** Checks the results that every run must have, whatever its data. */
async function checkResults(notebook: Notebook, results: string, star: string) {
  const { shown, figures, printed, errors } = outputs(notebook);
  assert.deepEqual(errors, []);
  assert.ok(shown.every((data) => joined(data["text/plain"]).length > 0));
  for (const start of [
    /^Some of the particles: 16 pictures/,
    /^FRC between model and map by round of growth: .* mean 0\.9/,
    /^The map to .* Å, and its Gaussians: 6 pictures/,
    /^Training, \d+ epochs/,
    /^Histogram of z, refined: \d+ particles/,
    /^z, refined against z from the encoder/,
    /^z, refined against (True|Defocus)/,
    // Where nothing is found, the verdict stands in place of the latent space.
    /^Explorer of .*; (Latent space; \d+ particles|no heterogeneity found: )/,
    /^The model, seen along .: 5 pictures/,
    /^Motion seen along .: \d+ of \d+ Gaussians move/,
    /^Class averages, sections through the middle: 9 pictures/,
    /^Class averages, projections: 9 pictures/,
    /^FSC, resolution at 0\.143: lowest tenth/,
  ]) {
    const found = figures.filter(({ words }) => start.test(words));
    assert.equal(found.length, 1, `${start}: ${figures.map(({ words }) => words).join("\n")}`);
    assert.match(found[0]!.svg, /^<svg /);
    // For front ends that show no SVG in untrusted notebooks
    assert.equal(found[0]!.png.subarray(1, 4).toString(), "PNG");
  }
  assert.equal(figures.length, 13);

  const particles = await e2.particles.open(star);
  const tenth = Math.floor(particles.count / 10);
  const latents = csv(path.join(results, "run/latents.csv"));
  const order = latents["z1_refined"]!.map((z, i) => ({ z, i })).sort((a, b) => a.z - b.z);
  for (const [name, chosen] of [
    ["lowest", order.slice(0, tenth)],
    ["highest", order.slice(-tenth)],
  ] as const) {
    const file = path.join(results, `${name}_tenth.star`);
    assert.ok(printed.includes(`${name}_tenth.star: ${tenth} particles`));
    // RELION must be started in the folder that the stack names are relative to; the text names it
    const written = await e2.particles.open(file, { dataFolder: path.dirname(star) });
    const rows = chosen.map(({ i }) => i).sort((a, b) => a - b);
    assert.deepEqual(written.textColumn("rlnImageName"), particles.select(rows).textColumn("rlnImageName"));
    assert.deepEqual(
      await written.readImages([0, tenth - 1]),
      await particles.readImages([rows[0]!, rows.at(-1)!]),
    );
    await written.close();
  }
  await particles.close();
  return latents;
}

/** Checks that the class averages at both ends match their states and not each other's. */
async function checkEnds(
  results: string,
  z: number[],
  truth: number[],
  first: e2.maps.Volume,
  last: e2.maps.Volume,
) {
  const ends = e2.latent.pearson(z, truth) > 0 ? ["lowest", "highest"] : ["highest", "lowest"];
  const [low, high] = await Promise.all(
    ends.map(async (name) =>
      e2.maps.lowPass(await e2.maps.read(path.join(results, `${name}_tenth.mrc`)), 12),
    ),
  );
  for (const [map, own, other] of [
    [low!, first, last],
    [high!, last, first],
  ] as const) {
    const right = e2.latent.pearson(map.data, e2.maps.lowPass(own, 12).data);
    const wrong = e2.latent.pearson(map.data, e2.maps.lowPass(other, 12).data);
    assert.ok(
      right > 0.8 && right > wrong + 0.02,
      `correlation ${right} with its state, ${wrong} with the other`,
    );
  }
}

describe("first-light.ipynb", skipIf(skip), () => {
  test("finds the motion in its own data, and its class averages differ like the states", async (t) => {
    const { notebook, results } = execute(t, "first-light", { E2GMM_EPOCHS: "8" });
    const latents = await checkResults(notebook, results, path.join(results, "data/particles.star"));
    const { displacement } = csv(path.join(results, "data/truth.csv"));
    assert.ok(Math.abs(e2.latent.pearson(latents["z1_refined"]!, displacement!)) > 0.95);
    assert.ok(Math.abs(e2.latent.spearman(latents["z1_refined"]!, displacement!)) > 0.97);
    // The same states as in the notebook
    const { models } = await e2.simulate.linearMotion({
      folder: path.join(results, "states"),
      particlesPerState: 1,
      boxSize: 48,
      apix: 4,
      range: 0.22,
    });
    const [first, last] = [models[1]!, models.at(-2)!].map((model) => e2.model.density(model));
    await checkEnds(results, latents["z1_refined"]!, displacement!, first!, last!);
    const table = outputs(notebook)
      .shown.map((data) => joined(data["text/plain"]))
      .find((text) => /at this end/.test(text))!;
    for (const line of table.trim().split("\n").slice(2)) {
      const [here, there] = line.trim().split(/\s+/).slice(-2).map(Number);
      assert.ok(here! > there!, line);
    }
  });

  const adk = path.resolve(root, "../shared/data/adk");
  test(
    "runs on a STAR file and a map given by variables, with projections made by RELION",
    skipIf(existsSync(adk) ? false : "the development data are missing"),
    async (t) => {
      const star = path.join(adk, "particles.star");
      const { notebook, results } = execute(t, "first-light", {
        E2GMM_PARTICLES: star,
        E2GMM_MAP: path.join(adk, "consensus.mrc"),
        E2GMM_GAUSSIANS: "128",
        E2GMM_RESOLUTION: "6",
        E2GMM_EPOCHS: "4",
      });
      const latents = await checkResults(notebook, results, star);
      const { rmsd } = csv(path.join(adk, "truth.csv"));
      assert.ok(Math.abs(e2.latent.spearman(latents["z1_refined"]!, rmsd!)) > 0.9);
      const [first, last] = await Promise.all(
        ["00", "14"].map((state) => e2.maps.read(path.join(adk, `truth_maps/state_${state}.mrc`))),
      );
      await checkEnds(results, latents["z1_refined"]!, rmsd!, first!, last!);
    },
  );

  test("shows z against the defocus for data without a known truth", async (t) => {
    const folder = temporaryFolder(t);
    const made = await e2.simulate.linearMotion({
      folder,
      states: 10,
      particlesPerState: 40,
      boxSize: 32,
      apix: 6,
      snr: 2,
      ctf: {},
      shifts: 6,
      seed: 5,
    });
    rmSync(made.truth);
    const { notebook, results } = execute(t, "first-light", {
      E2GMM_PARTICLES: made.star,
      E2GMM_MAP: made.consensus,
      E2GMM_GAUSSIANS: "32",
      E2GMM_EPOCHS: "4",
    });
    await checkResults(notebook, results, made.star);
    const against = outputs(notebook).figures.find(({ words }) =>
      words.startsWith("z, refined against Defocus"),
    )!;
    assert.ok(Math.abs(Number(against.words.match(/Pearson r (-?[\d.]+)/)![1])) < 0.3);
  });
});

test("first-light.ipynb is stored with all outputs and figures, and small enough to view on GitHub", () => {
  checkStored("first-light", 13);
});
