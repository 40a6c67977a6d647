// Makes first-light.svg, the picture at the top of the README, from a run on simulated data with known truth:
//   node notebooks/pictures/first-light.mjs [PARTICLES.star MAP.mrc RESOLUTION AXIS]
// The particles need a truth.csv beside them, its third column what differs between the states. Without arguments the
// particles are simulated. The same data give the same picture.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const e2 = createRequire(import.meta.url)("../../kernel-lib");

/** Figures beside each other in one SVG. */
function sideBySide(description, figures) {
  const sizes = figures.map((svg) =>
    svg
      .match(/ width="([\d.]+)" height="([\d.]+)"/)
      .slice(1)
      .map(Number),
  );
  const width = sizes.reduce((sum, [w]) => sum + w, 0);
  const height = Math.max(...sizes.map(([, h]) => h));
  let x = 0;
  const placed = figures.map((svg, f) => {
    const part = svg.replace(/^<svg /, `<svg x="${x}" y="0" `);
    x += sizes[f][0];
    return part;
  });
  return `<svg role="img" aria-label="${description}" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="${width}" height="${height}" fill="#ffffff"/>${placed.join("")}</svg>\n`;
}

async function main([star, map, resolution, view], folder) {
  await e2.useBackend("auto");
  const onProgress = e2.progressBar();
  const simulated = star
    ? undefined
    : await e2.simulate.linearMotion({
        folder,
        particlesPerState: 60,
        boxSize: 48,
        apix: 4,
        ctf: {},
        onProgress,
      });
  const particles = await e2.particles.open(star ?? simulated.star);
  const finest = Number(resolution ?? 12);
  const { model } = await e2.model.grow(await e2.maps.read(map ?? simulated.consensus), {
    resolution: finest,
    gaussians: star ? 128 : 64,
    onProgress,
  });
  await e2.model.writeText(path.join(folder, "neutral.txt"), model);
  const run = await e2.train({
    particles: particles.file,
    model: path.join(folder, "neutral.txt"),
    out: path.join(folder, "run"),
    resolution: finest,
    options: { latent: 1, vary: ["position"] },
    onProgress,
  });
  let { refined: z } = await run.latents();
  const [header, ...rows] = readFileSync(path.join(path.dirname(particles.file), "truth.csv"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const truth = rows.map((row) => Number(row[2]));
  // Where the truth is low shall be left, whichever way the run chose
  const sign = Math.sign(e2.latent.pearson(z, truth));
  z = z.map((value) => sign * value);
  const order = Array.from(z.keys()).sort((i, j) => z[i] - z[j]);
  const tenth = Math.floor(order.length / 10);
  const middle = Math.floor((order.length - tenth) / 2);
  const tenths = {
    lowest: order.slice(0, tenth),
    middle: order.slice(middle, middle + tenth),
    highest: order.slice(-tenth),
  };
  const state = (indices) =>
    run.decode([(sign * indices.reduce((sum, i) => sum + z[i], 0)) / indices.length]);
  const [low, high] = [state(tenths.lowest), state(tenths.highest)];
  const axis = view ?? e2.figures.clearestAxis(low, high);
  const maps = [];
  for (const [name, indices] of Object.entries(tenths)) {
    const { map, fsc } = await e2.reconstruct(particles, { indices });
    maps.push({ label: `${name} z`, map: e2.maps.lowPass(map, e2.reconstruction.resolutionAt(fsc, 0.143)) });
  }
  const names = { rmsd: "True RMSD from the first state (Å)", displacement: "True displacement (box units)" };
  const size = { width: 340, height: 340 };
  const scatter = e2.figures.scatter(
    { label: names[header[2]] ?? header[2], values: truth },
    { label: "Latent coordinate z", values: z },
    { title: "Every particle gets a place", correlation: true, maxPoints: 2000, ...size },
  );
  const motion = e2.figures.motion(low, high, { title: "The model moves between the ends", axis, ...size });
  const averages = e2.figures.map(maps, { title: "Particles, reconstructed", axes: [axis], size: 108 });
  const svg = sideBySide(
    "Particles along a latent coordinate, the motion of the Gaussians, and reconstructions of both ends and the middle",
    await Promise.all([scatter, motion, averages].map((figure) => figure.svg())),
  );
  writeFileSync(path.join(here, "first-light.svg"), svg);
  console.log(`${scatter.description}\n${motion.description}`);
  run.close();
  await particles.close();
}

const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-picture-"));
main(process.argv.slice(2), folder).finally(() => rmSync(folder, { recursive: true, force: true }));
