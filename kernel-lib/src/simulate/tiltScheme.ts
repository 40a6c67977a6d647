import { InputError } from "../errors";
import { eulerFromRotation, rotationFromEuler } from "../optics/pose";
import { product } from "../optics/symmetry";
import type { Random } from "../random";
import type { SimulatedParticle } from "./simulatedParticles";

/** How the tilt series of a simulation are recorded: dose-symmetric, about the y axis of the images. */
export interface TiltScheme {
  /** Tilts of a series: 0°, then a step to one side and to the other, two steps … */
  tilts: number;
  /** Degrees from one tilt to the next. Default 3. */
  tiltStep?: number;
  /** Exposure of each tilt in e/Å², at least 0.001. Default 3. */
  tiltDose?: number;
  /** Fraction of the tilts in which a particle is not visible, at random; each is seen in one tilt at least. Default 0. */
  missingTilts?: number;
}

/** An image of a particle in a tilt series. */
export interface TiltImage extends SimulatedParticle {
  /** Its particle, from 0. */
  particle: number;
}

const standard = { tiltStep: 3, tiltDose: 3, missingTilts: 0 };
/** Most distance of a particle from the tilt axis, Å. */
const mostDistance = 1500;
const mostTilt = 80;
/** Least exposure of a tilt, e/Å²: less would be written as 0. */
const leastDose = 0.001;
const degree = Math.PI / 180;

/** @throws InputError for numbers out of range */
export function checkTilts({ tilts, ...given }: TiltScheme): void {
  const { tiltStep, tiltDose, missingTilts } = { ...standard, ...given };
  if (!Number.isInteger(tilts) || tilts < 2)
    throw new InputError("tilts", "a whole number of 2 or more", `${tilts}`);
  if (!(tiltStep > 0 && Math.abs(tiltOf(tilts - 1, tiltStep)) <= mostTilt)) {
    throw new InputError("tiltStep", `an angle above 0° with tilts up to ${mostTilt}°`, `${tiltStep}`);
  }
  // By the exposure, which is a B factor in the file, its rows are recognised as images of tilt series.
  if (!(tiltDose >= leastDose)) throw new InputError("tiltDose", `${leastDose} e/Å² or more`, `${tiltDose}`);
  if (!(missingTilts >= 0 && missingTilts < 1)) {
    throw new InputError("missingTilts", "a fraction of 0 or more, below 1", `${missingTilts}`);
  }
}

/** Degrees of the i-th tilt in the order of recording. */
const tiltOf = (i: number, step: number): number => (i % 2 === 1 ? 1 : -1) * Math.ceil(i / 2) * step;

/** Where particles are, and in which tilts they are seen. */
export interface SeenTilts {
  /** Distance from the tilt axis in Å. */
  distance: number;
  /** Whether it is seen in each tilt. */
  visible: boolean[];
}

/** Draws where each of `count` particles is. */
export function drawSeen(
  count: number,
  { tilts, missingTilts = 0 }: TiltScheme,
  random: Random,
): SeenTilts[] {
  return Array.from({ length: count }, () => {
    const distance = Math.round((2 * random.uniform() - 1) * mostDistance);
    const visible = Array.from({ length: tilts }, () => random.uniform() >= missingTilts);
    if (!visible.includes(true)) visible[0] = true;
    return { distance, visible };
  });
}

/**
 * The images of particles, one after another in the order of recording. A particle with rotation R has T·R in a tilt T about y; its
 * shift lies in the specimen and turns with it. The defocus changes by the height above the tilt axis, the amplitude by the cosine of
 * the tilt and by the exposure up to the end of the tilt.
 */
export function tiltImages(
  particles: readonly SimulatedParticle[],
  seen: readonly SeenTilts[],
  given: TiltScheme,
): TiltImage[] {
  const { tilts, tiltStep, tiltDose } = { ...standard, ...given };
  const images: TiltImage[] = [];
  for (const [particle, { state, angles, origin, ctf }] of particles.entries()) {
    const rotation = rotationFromEuler(angles);
    for (let i = 0; i < tilts; i++) {
      if (!seen[particle]!.visible[i]) continue;
      const tilt = tiltOf(i, tiltStep);
      const [c, s] = [Math.cos(tilt * degree), Math.sin(tilt * degree)];
      const turned = product([c, 0, s, 0, 1, 0, -s, 0, c], rotation);
      const { rot, tilt: beta, psi } = eulerFromRotation(turned);
      const rounded = (value: number, decimals = 6) => Number(value.toFixed(decimals));
      const higher = rounded(seen[particle]!.distance * s, 2);
      images.push({
        ...{ particle, state },
        angles: [rounded(rot), rounded(beta), rounded(psi)],
        origin: [rounded(c * origin[0]), origin[1]],
        ctf: ctf && {
          ...ctf,
          defocusU: ctf.defocusU + higher,
          defocusV: ctf.defocusV + higher,
          scale: rounded(c),
          dose: (i + 1) * tiltDose,
        },
      });
    }
  }
  return images;
}
