import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";
import { fixed, maskOf, mobile, modelOf, turned } from "./hingedMolecule";

/**
 * `npm run bench -- hinged --out FOLDER [--particles 6000] [--snr 0.05] [--angle 45] [--pose-error 1.5] [--shift-error 1]
 * [--box-size 128] [--resolution 8] [--true-poses]`: a large set of a large motion, and a training on it, for `npm run bench -- correct`. A molecule of
 * beads with detail to 4 Å has an arm that turns about a hinge, in 25 states; poses have errors, and everything is made from them:
 * map, neutral model, training; with `--true-poses` from the poses without errors, which are not refined. What is there is not made again. Prints the call of the benchmark.
 */
const { values } = parseArgs({
  options: {
    out: { type: "string" },
    particles: { type: "string", default: "6000" },
    snr: { type: "string", default: "0.05" },
    angle: { type: "string", default: "45" },
    states: { type: "string", default: "25" },
    "pose-error": { type: "string", default: "1.5" },
    "shift-error": { type: "string", default: "1" },
    "box-size": { type: "string", default: "128" },
    apix: { type: "string", default: "1.5" },
    resolution: { type: "string", default: "8" },
    latent: { type: "string", default: "1" },
    "true-poses": { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const { out } = values;
  if (!out) throw new Error("--out is needed");
  const number = (name: Exclude<keyof typeof values, "out" | "true-poses">) => Number(values[name]);
  const isTrue = values["true-poses"];
  const own = (name: string) => (isTrue ? `true_${name}` : name);
  const given = isTrue ? "true_poses.star" : "particles.star";
  const [boxSize, apix, states] = [number("box-size"), number("apix"), number("states")];
  const at = (...names: string[]) => path.join(out, ...names);
  const angleOf = (state: number) => (number("angle") * state) / (states - 1);
  const beadsAt = (state: number) => mobile.map((place) => turned(place, angleOf(state)));
  const modelAt = (state: number) => modelOf([...fixed, ...beadsAt(state)], { boxSize, apix });
  if (!existsSync(at("particles.star"))) {
    const data = await e2.simulate.fromMaps(
      Array.from({ length: states }, (_, s) => async () => e2.model.density(modelAt(s))),
      {
        folder: out,
        particles: number("particles"),
        snr: number("snr"),
        ctf: {},
        shifts: 4,
        poseError: number("pose-error"),
        shiftError: number("shift-error"),
      },
    );
    console.log(`${fixed.length} + ${mobile.length} beads, noise ${data.noise}`);
  }
  const shown = [0, Math.round((states - 1) / 2), states - 1];
  mkdirSync(at("truth_maps"), { recursive: true });
  for (const s of shown) {
    if (existsSync(at("truth_maps", `mask_${s}.mrc`))) continue;
    await e2.maps.write(at("truth_maps", `state_${s}.mrc`), await e2.model.density(modelAt(s)));
    await e2.maps.write(at("truth_maps", `mask_${s}.mrc`), maskOf(beadsAt(s), { boxSize, apix }));
  }
  if (!existsSync(at(own("map.mrc")))) {
    const particles = await e2.particles.open(at(given));
    await e2.maps.write(at(own("map.mrc")), (await e2.reconstruct(particles)).map);
    await particles.close();
  }
  if (!existsSync(at(own("neutral.txt")))) {
    const { model, choices } = await e2.model.grow(await e2.maps.read(at(own("map.mrc"))), {
      resolution: number("resolution"),
    });
    console.log([`${model.count} Gaussians`, ...choices].join("\n"));
    await e2.model.writeText(at(own("neutral.txt")), model);
  }
  await e2.useBackend("auto");
  const began = Date.now();
  const run = await e2.training.trainInThisThread({
    ...{
      particles: at(given),
      model: at(own("neutral.txt")),
      out: at(own("run")),
      resume: existsSync(at(own("run"), "run.json")),
    },
    onWarning: (warning) => console.log(warning),
    options: { latent: number("latent"), ...(isTrue && { poses: "file" as const }) },
  });
  const { poses } = run.record;
  console.log(`trained in ${((Date.now() - began) / 1000).toFixed(0)} s, poses ${poses?.used ?? "file"}`);
  run.close();
  const call = callOf(out, own("run"), shown);
  writeFileSync(at(own("correct.txt")), call);
  console.log(call);
}

function callOf(out: string, run: string, shown: readonly number[]): string {
  const state = (s: number) =>
    `--state ${s}=${path.join(out, "truth_maps", `state_${s}.mrc`)}=${path.join(out, "truth_maps", `mask_${s}.mrc`)}`;
  return `npm run bench -- correct --run ${path.join(out, run)} --truth ${path.join(out, "truth.csv")} ${shown.map(state).join(" ")}\n`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
