// Makes power.svg, the curves of the guide of what a verdict can see, from the rows of `npm run bench -- power` in power.jsonl:
//   node notebooks/pictures/power.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const { vegaFigure } = createRequire(import.meta.url)("../../kernel-lib/dist/display/vegaFigure.js");

const rows = readFileSync(path.join(here, "power.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const titles = {
  motion: "Motion of a domain, root mean square (Å)",
  composition: "Particles without a domain (%)",
};
const verdicts = ["found", "weak", "none"];

/** Gains of one kind over its levels, with standard errors; points by the verdict. */
function panel(kind) {
  const values = rows
    .filter((row) => row.kind === kind)
    .map(({ level, nats, verdict, particles }) => {
      const [gain, error] = nats.split(" ± ").map(Number);
      return {
        ...{ level: Number.parseFloat(level), gain, low: gain - error, high: gain + error, verdict },
        particles: particles.toLocaleString("en"),
      };
    });
  const x = {
    field: "level",
    type: "quantitative",
    title: titles[kind],
    scale: { type: "log", nice: false, padding: 12 },
    axis: { values: [...new Set(values.map(({ level }) => level))], format: "~g" },
  };
  const y = {
    field: "gain",
    type: "quantitative",
    title: "Gain (nats per particle)",
    scale: { type: "symlog", constant: 0.1 },
    axis: { values: [-0.3, -0.1, 0, 0.1, 0.3, 1, 3, 10, 30] },
  };
  return {
    width: 240,
    height: 200,
    data: { values },
    layer: [
      {
        mark: { type: "line", strokeWidth: 1, color: "#888888" },
        encoding: { x, y, detail: { field: "particles" } },
      },
      {
        mark: { type: "rule", color: "#888888" },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
      },
      {
        mark: { type: "point", filled: true, size: 70, opacity: 1 },
        encoding: {
          ...{ x, y },
          color: {
            ...{ field: "verdict", type: "nominal", title: "Verdict" },
            scale: { domain: verdicts, range: ["#0072b2", "#e69f00", "#999999"] },
          },
          ...(new Set(values.map(({ particles }) => particles)).size > 1 && {
            shape: { field: "particles", type: "nominal", title: "Particles" },
          }),
        },
      },
    ],
  };
}

const figure = vegaFigure(
  "Gain in nats per particle held out over the size of a motion, and over the fraction of a rare state",
  {
    hconcat: Object.keys(titles).map(panel),
  },
);
writeFileSync(path.join(here, "power.svg"), `${await figure.svg()}\n`);
