import { existsSync } from "node:fs";
import { Population } from "../latent/motions/population";
import { RunFolder } from "../training/runs/run";
import type { Point } from "./latentPoints";
import type { Session } from "./session";
import { readUsedParticles } from "./usedParticles";

/** Points that a note names. */
const named = 3;

/** Notes points that no particles are around. Networks decode them without complaint, but nothing was learned there. */
export async function noteFarPoints(
  folder: string,
  points: readonly Pick<Point, "z">[],
  session: Session,
): Promise<void> {
  const files = new RunFolder(folder);
  if (!existsSync(files.file("latents"))) {
    session.note(`the training of ${folder} has not ended: its latent space may still change`);
    return;
  }
  const { points: places } = await readUsedParticles(files, await files.readRecord());
  const latent = points[0]?.z.length ?? 0;
  if (places.length < 3 * latent || places.every((x, i) => x === places[i % latent])) return;
  const population = new Population(places, latent);
  const far = points.filter(({ z }) => population.isFar(z)).map(({ z }) => z.map(shortened).join(","));
  if (far.length === 0) return;
  const few = far.slice(0, named).join("; ") + (far.length > named ? "; …" : "");
  const which =
    points.length === 1 ? `the point ${few}` : `${far.length} of ${points.length} points (${few})`;
  const ranges = Array.from({ length: latent }, (_, d) => `z${d + 1} ${rangeOf(places, d, latent)}`);
  session.note(
    `no particles are around ${which}; what is decoded there is extrapolated: ` +
      `the particles have ${ranges.join(", ")}${latent > 1 ? ", not everywhere within" : ""}`,
  );
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
