import { InputError } from "../../errors";
import type { ParticleSet } from "../../particles/particleSet";
import type { Outlier, OutlierReason } from "../agreement/agreement";

/**
 * `outliers.csv` of a run folder: the particles that agree with the neutral model far less than expected. `index` is the
 * particle's place in the file counted from 0, as everywhere in a run, `row` the same counted from 1; score and expected are
 * in standard deviations of noise.
 */

const HEADER = "index,row,image,score,expected,reason";
const reasons: readonly OutlierReason[] = ["inverted contrast", "empty image", "no agreement"];

/** The text of `outliers.csv`. */
export function formatOutliers(outliers: readonly Outlier[], set: ParticleSet): string {
  const rows = outliers.map(({ index, score, expected, reason }) => {
    const { stack, section } = set.image(index);
    const image = `${String(section + 1).padStart(6, "0")}@${stack}`;
    const quoted = /[",\r\n]/.test(image) ? JSON.stringify(image).replaceAll('\\"', '""') : image;
    return `${index},${index + 1},${quoted},${score.toFixed(3)},${expected.toFixed(3)},${reason}\n`;
  });
  return `${HEADER}\n${rows.join("")}`;
}

/**
 * @param file  the table, as errors name it
 * @param shape number of particles of the run, and of its outliers
 * @throws InputError naming the line that is wrong
 */
export function parseOutliers(
  text: string,
  file: string,
  shape: { particles: number; outliers: number },
): Outlier[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== HEADER) throw new InputError(`${file}: line 1`, HEADER, JSON.stringify(header));
  let last = -1;
  const outliers = lines.map((line, i): Outlier => {
    const fields = /^(\d+),(\d+),(.*),([^,]+),([^,]+),([^,]+)$/.exec(line);
    const [index, row, score, hoped] = [1, 2, 4, 5].map((at) => Number(fields?.[at])) as [
      number,
      number,
      number,
      number,
    ];
    const reason = reasons.find((known) => known === fields?.[6]);
    const holds =
      index > last &&
      index < shape.particles &&
      row === index + 1 &&
      Number.isFinite(score) &&
      Number.isFinite(hoped);
    if (!holds || reason === undefined) {
      throw new InputError(
        `${file}: line ${i + 2}`,
        "index (ascending), row, image, score, expected and reason of an outlier",
        JSON.stringify(line),
      );
    }
    last = index;
    return { index, score, expected: hoped, reason };
  });
  if (outliers.length !== shape.outliers) {
    throw new InputError(file, `the ${shape.outliers} outliers of the run`, `${outliers.length}`);
  }
  return outliers;
}
