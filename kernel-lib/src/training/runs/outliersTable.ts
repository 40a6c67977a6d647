import { InputError } from "../../errors";
import type { ParticleSet } from "../../particles/particleSet";
import type { Outlier, OutlierReason } from "../agreement/agreement";

/*
 * `outliers.csv` of a run folder: the particles that agree far less with the neutral model than expected. `index` is the
 * particle's index in the file from 0, as everywhere in a run, `row` the same from 1; score and expected are in standard
 * deviations of noise. In a run with symmetry each copy of an outlier has a row, and both numbers count copies.
 */

const header = "index,row,image,score,expected,reason";
const reasons: readonly OutlierReason[] = ["inverted contrast", "empty image", "no agreement"];

/** The outliers of a run with symmetry: all copies of those particles. @param copies n, of each particle */
export function copiedOutliers(outliers: readonly Outlier[], copies: number): Outlier[] {
  return outliers.flatMap((outlier) =>
    Array.from({ length: copies }, (_, g) => ({ ...outlier, index: copies * outlier.index + g })),
  );
}

/** The particles that these are copies of, the inverse of {@link copiedOutliers}. */
export function originalOutliers(outliers: readonly Outlier[], copies: number): Outlier[] {
  return outliers
    .filter(({ index }) => index % copies === 0)
    .map((outlier) => ({ ...outlier, index: outlier.index / copies }));
}

/**
 * The text of `outliers.csv`.
 * @param set    the particles
 * @param copies symmetry copies of each of them, which the indices of the outliers count
 */
export function formatOutliers(outliers: readonly Outlier[], set: ParticleSet, copies = 1): string {
  const rows = outliers.map(({ index, score, expected, reason }) => {
    const { stack, section } = set.image(Math.floor(index / copies));
    const image = `${String(section + 1).padStart(6, "0")}@${stack}`;
    const quoted = /[",\r\n]/.test(image) ? JSON.stringify(image).replaceAll('\\"', '""') : image;
    return `${index},${index + 1},${quoted},${score.toFixed(3)},${expected.toFixed(3)},${reason}\n`;
  });
  return `${header}\n${rows.join("")}`;
}

/**
 * Reads the text of `outliers.csv`.
 * @param file  name of the table in errors
 * @param shape number of particles of the run, and of its outliers
 * @throws InputError naming the first invalid line
 */
export function parseOutliers(
  text: string,
  file: string,
  shape: { particles: number; outliers: number },
): Outlier[] {
  const [first, ...lines] = text.trimEnd().split(/\r?\n/);
  if (first !== header) throw new InputError(`${file}: line 1`, header, JSON.stringify(first));
  let last = -1;
  const outliers = lines.map((line, i): Outlier => {
    const fields = /^(\d+),(\d+),(.*),([^,]+),([^,]+),([^,]+)$/.exec(line);
    const [index, row, score, expected] = [1, 2, 4, 5].map((at) => Number(fields?.[at])) as [
      number,
      number,
      number,
      number,
    ];
    const reason = reasons.find((known) => known === fields?.[6]);
    const valid =
      index > last &&
      index < shape.particles &&
      row === index + 1 &&
      Number.isFinite(score) &&
      Number.isFinite(expected);
    if (!valid || reason === undefined) {
      throw new InputError(
        `${file}: line ${i + 2}`,
        "index (ascending), row, image, score, expected and reason of an outlier",
        JSON.stringify(line),
      );
    }
    last = index;
    return { index, score, expected, reason };
  });
  if (outliers.length !== shape.outliers) {
    throw new InputError(file, `the ${shape.outliers} outliers of the run`, `${outliers.length}`);
  }
  return outliers;
}
