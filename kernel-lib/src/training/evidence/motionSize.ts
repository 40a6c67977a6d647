import type { GaussianModel } from "../../model/gaussianModel";
import { rigidMotion } from "../../model/rigidMotion";
import { stateChange } from "../../model/stateChange";
import type { PlaceDecoder } from "../posterior/decoders";
import type { MotionSize } from "./evidence";
import type { Population } from "./population";
import { evenly } from "./sample";

/** Places of the population at which the motion is measured. */
const places = 128;

/** Size of the decoded motion over a population, from `base`. */
export function motionSize(decoder: PlaceDecoder, base: GaussianModel, population: Population): MotionSize {
  const { latent, mean } = population;
  const members = evenly(population.members, places);
  const z = new Float32Array(members.length * latent);
  for (const [i, particle] of members.entries()) {
    z.set(mean.subarray(particle * latent, (particle + 1) * latent), i * latent);
  }
  const models = decoder.decode(z, members.length);
  const all = Array.from(members, (_, i) => {
    const params = models.subarray(i * base.params.length, (i + 1) * base.params.length);
    const there = { ...base, params };
    const { rmsd, shift, angle } = rigidMotion(base, there);
    return { rmsd, shift: Math.hypot(...shift), angle, mass: stateChange(base, there).density };
  });
  const rms = (of: (one: (typeof all)[number]) => number) =>
    Math.sqrt(all.reduce((sum, one) => sum + of(one) ** 2, 0) / all.length);
  const ordered = all.map(({ rmsd }) => rmsd).sort((a, b) => a - b);
  return {
    rms: rms(({ rmsd }) => rmsd),
    large: ordered[Math.floor(0.95 * (ordered.length - 1))]!,
    rigid: { shift: rms(({ shift }) => shift), angle: rms(({ angle }) => angle) },
    mass: rms(({ mass }) => mass),
  };
}
