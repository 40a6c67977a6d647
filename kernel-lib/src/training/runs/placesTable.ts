import { InputError } from "../../errors";
import { finiteText } from "../../finite";
import type { Posterior } from "../posterior/posterior";
import { parseTable } from "./tableFile";

const columnsOf = (latent: number): string[] => [
  "index",
  ...Array.from({ length: latent }, (_, d) => [`z${d + 1}`, `z${d + 1}_deviation`]).flat(),
];

/**
 * Text of a table of places of particles that are not those of the run: index from 0, and for each axis z and its standard
 * deviation.
 * @throws InputError naming `file` for numbers that are not finite
 */
export function formatPlaces({ mean, standardDeviation }: Posterior, latent: number, file: string): string {
  const lines = [columnsOf(latent).join(",")];
  for (let i = 0; i < mean.length / latent; i++) {
    const row = [String(i)];
    for (let d = 0; d < latent; d++) {
      const at = i * latent + d;
      const what = `z${d + 1} of particle ${i}`;
      row.push(finiteText(mean[at]!, 6, file, what), finiteText(standardDeviation[at]!, 6, file, what));
    }
    lines.push(row.join(","));
  }
  return `${lines.join("\n")}\n`;
}

/** Reads the text of {@link formatPlaces}. @throws InputError unless there is a row for each of `count` particles, in order */
export function parsePlaces(text: string, file: string, shape: { count: number; latent: number }): Posterior {
  const { count, latent } = shape;
  const expected = columnsOf(latent);
  const rows = parseTable(text, file, expected);
  if (rows.length !== count) throw new InputError(file, `${count} particles`, `${rows.length}`);
  const places = {
    mean: new Float32Array(count * latent),
    standardDeviation: new Float32Array(count * latent),
  };
  for (const [i, row] of rows.entries()) {
    if (row[0] !== i) throw new InputError(`${file}: line ${i + 2}`, `particle ${i}`, `${row[0]}`);
    for (let d = 0; d < latent; d++) {
      places.mean[i * latent + d] = row[1 + 2 * d]!;
      places.standardDeviation[i * latent + d] = row[2 + 2 * d]!;
    }
  }
  return places;
}
