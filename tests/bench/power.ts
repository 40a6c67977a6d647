import * as e2 from "e2gmm";
import { auc, axisOf } from "./latentScores";
import { powerFigure } from "./powerFigure";
import {
  finish,
  makeRows,
  readArguments,
  type Trained,
  train,
  verdictColumns,
  type Wanted,
} from "./resumable";

/**
 * The smallest motion, and the smallest fraction of particles without a domain, that a training with all defaults finds at a
 * signal-to-noise ratio of 0.2.
 * `node tests/dist/bench/power.js [--only motion,composition] [--levels 4,2,…] [--particles 3000] [--seeds 1] [--poses auto|file]
 *  [--box 48] [--out FILE]`
 *
 * The power curve of all rows of the file is drawn beside it, as an SVG.
 *
 * `--levels`: root mean square displacements of the domain about its mean place in Å, or percentages of particles without it.
 */

const microscope = { ctf: {}, shifts: 6, snr: 0.2 };
/** In Å. */
const boxLength = 144;
const states = 20;

interface Kind {
  design: string;
  levels: number[];
  unit: string;
  /** Column of the truth. */
  truth: string;
  simulation: (level: number) => Record<string, unknown>;
  score: (places: Float64Array[], truth: number[]) => Record<string, number>;
}

const kinds: Record<string, Kind> = {
  motion: {
    design: "linear",
    levels: [4, 2, 1, 0.5, 0.25],
    unit: "Å",
    truth: "displacement",
    // Evenly spaced states from end to end of a path of length L have a variance of L²(n + 1)/12(n − 1).
    simulation: (rms) => ({
      states,
      range: (rms / boxLength) * Math.sqrt((12 * (states - 1)) / (states + 1)),
    }),
    score: (places, truth) => ({
      r: Math.max(...places.map((axis) => Math.abs(e2.latent.pearson(axis, truth)))),
    }),
  },
  composition: {
    design: "compositional",
    levels: [10, 3, 1, 0.3],
    unit: "%",
    truth: "second",
    // States: neither domain, the first, the second, both.
    simulation: (percent) => ({ fractions: [0, percent / 100, 0, 1 - percent / 100] }),
    score: (places, truth) => ({ AUC: Math.max(...places.map((axis) => auc(axis, truth))) }),
  },
};

async function scores({ test, run }: Trained, { truth, score }: Kind): Promise<Record<string, number>> {
  const { refined } = await run.latents();
  const places = Array.from({ length: run.latent }, (_, d) => axisOf(refined, run.latent, d));
  const found = Object.entries(score(places, test.truth[truth]!));
  return Object.fromEntries(found.map(([name, value]) => [name, Number(value.toFixed(3))]));
}

finish(async () => {
  const { out, seeds, only, particles, levels, poses, boxSize } = readArguments({
    ...{ out: "power.jsonl", particles: 3000, seeds: "1", boxSize: 48 },
  });
  const box = { boxSize, apix: boxLength / boxSize };
  await e2.useBackend("wasm");
  const wanted: Wanted[] = [];
  for (const seed of seeds) {
    for (const [name, kind] of Object.entries(kinds)) {
      if (only && !only.includes(name)) continue;
      for (const level of levels ?? kind.levels) {
        const simulation = { ...box, ...microscope, particles, seed, ...kind.simulation(level) };
        wanted.push({
          known: { kind: name, level: `${level} ${kind.unit}`, particles, box: boxSize, seed },
          measure: async (scratch) => {
            const trained = await train({ design: kind.design, simulation, seed, poses }, scratch);
            const found = await scores(trained, kind);
            trained.run.close();
            return { ...verdictColumns(trained), ...found };
          },
        });
      }
    }
  }
  const rows = await makeRows(out, wanted);
  const { figure, smallest } = await powerFigure(rows, [
    { kind: "motion", axis: "motion of the domain, Å RMS", score: "r" },
    { kind: "composition", axis: "particles without the domain, %", score: "AUC" },
  ]);
  const file = out.replace(/(\.jsonl)?$/, ".svg");
  await figure.save(file);
  for (const line of [...smallest, file]) console.log(line);
});
