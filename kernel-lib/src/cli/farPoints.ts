import { existsSync } from "node:fs";
import { InputError } from "../errors";
import { Population } from "../latent/motions/population";
import { RunFolder } from "../training/runs/run";
import type { Point } from "./latentPoints";
import type { Session } from "./session";
import { readUsedParticles } from "./usedParticles";

/** Points that are named. */
const named = 3;

/** Notes points that no particles are around. Networks decode them without complaint, but nothing was learned there. */
export async function noteFarPoints(
  folder: string,
  points: readonly Pick<Point, "z">[],
  session: Session,
): Promise<void> {
  if (!existsSync(new RunFolder(folder).file("latents"))) {
    session.note(`the training of ${folder} has not ended: its latent space may still change`);
    return;
  }
  const found = await farPoints(folder, points);
  if (!found) return;
  const { far, ranges } = found;
  const which =
    points.length === 1 ? `the point ${far}` : `${found.count} of ${points.length} points (${far})`;
  session.note(
    `no particles are around ${which}; what is decoded there is extrapolated: the particles have ${ranges}`,
  );
}

/** @throws InputError for points that no particles are around */
export async function requireNearPoints(folder: string, points: readonly Pick<Point, "z">[]): Promise<void> {
  const found = await farPoints(folder, points);
  if (found)
    throw new InputError("states", `ones that particles are around, which have ${found.ranges}`, found.far);
}

/** Points without particles around them, and where the particles are; undefined if there are none. */
async function farPoints(
  folder: string,
  points: readonly Pick<Point, "z">[],
): Promise<{ count: number; far: string; ranges: string } | undefined> {
  const [first] = points;
  if (!first) return undefined;
  const files = new RunFolder(folder);
  const { points: places } = await readUsedParticles(files, await files.readRecord());
  const latent = first.z.length;
  if (places.length < 3 * latent || places.every((x, i) => x === places[i % latent])) return undefined;
  const population = new Population(places, latent);
  const far = points.filter(({ z }) => population.isFar(z)).map(({ z }) => z.map(shortened).join(","));
  if (far.length === 0) return undefined;
  const ranges = Array.from({ length: latent }, (_, d) => `z${d + 1} ${rangeOf(places, d, latent)}`);
  return {
    count: far.length,
    far: far.slice(0, named).join("; ") + (far.length > named ? "; …" : ""),
    ranges: `${ranges.join(", ")}${latent > 1 ? ", not everywhere within" : ""}`,
  };
}

const shortened = (x: number): string => String(Number(x.toFixed(2)));

function rangeOf(places: Float32Array, axis: number, latent: number): string {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = axis; i < places.length; i += latent) {
    least = Math.min(least, places[i]!);
    most = Math.max(most, places[i]!);
  }
  return `from ${shortened(least)} to ${shortened(most)}`;
}
