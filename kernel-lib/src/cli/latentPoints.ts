import { Option } from "commander";
import { InputError } from "../errors";
import { readLines } from "../formats/textLines";
import { parseNumbers } from "./options";

/** A point of the latent space, and where it was given. */
export interface Point {
  z: number[];
  where: string;
}

/** `--z`, which may be repeated. */
export function pointOption(description: string): Option {
  return new Option("--z <a,b,…>", description).argParser((text: string, before: string[] = []) => [
    ...before,
    text,
  ]);
}

/** Points of `--z`, and of the lines of a file. @throws InputError for points that do not consist of numbers */
export async function givenPoints({ z = [], path }: { z?: string[]; path?: string }): Promise<Point[]> {
  const points = z.map((text) => ({ z: parseNumbers(text, "--z"), where: `--z ${text}` }));
  if (path === undefined) return points;
  const lines = await readLines(path);
  return [...points, ...lines.map(({ text, where }) => ({ z: parseNumbers(text, where), where }))];
}

/** @throws InputError for a point that has not one number for each dimension of a run */
export function checkPoint({ z, where }: Point, latent: number, folder: string): void {
  if (z.length === latent) return;
  const expected = `${latent} ${latent === 1 ? "number" : "numbers"}, one per dimension of ${folder}`;
  throw new InputError(where, expected, String(z.length));
}
