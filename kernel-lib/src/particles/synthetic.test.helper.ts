import { relionStarHead } from "../formats/relionStar";
import { type Disc, sampleIndex } from "../fourier/disc";
import type { Volume } from "../maps/volume";
import type { Ctf } from "../optics/ctf";
import { ctfOnDisc } from "../optics/ctfDisc";
import { Random } from "../random";

/** Made-up molecules whose map and projections are both known in closed form, to hold this code against RELION. */

export interface Gaussians {
  /** [x, y, z] in box units, amplitude. */
  points: [number, number, number, number][];
  /** Width in pixels. */
  sigma: number;
}

export function randomGaussians(seed: number, count = 12, sigma = 1.6): Gaussians {
  const random = new Random(seed);
  const inBall = () => 0.4 * (random.uniform() - 0.5);
  return {
    points: Array.from({ length: count }, () => [inBall(), inBall(), inBall(), 0.5 + random.uniform()]),
    sigma,
  };
}

/** The density Σ A exp(−|x − c|²/2σ²) with the origin at voxel ⌊S/2⌋. */
export function gaussianMap({ points, sigma }: Gaussians, size: number, apix: number): Volume {
  const data = new Float32Array(size ** 3);
  const origin = Math.floor(size / 2);
  for (const [x, y, z, amplitude] of points) {
    const profile = (c: number) =>
      Float64Array.from({ length: size }, (_, i) =>
        Math.exp(-((i - origin - c * size) ** 2) / (2 * sigma * sigma)),
      );
    const [px, py, pz] = [profile(x), profile(y), profile(z)];
    let i = 0;
    for (let iz = 0; iz < size; iz++) {
      for (let iy = 0; iy < size; iy++) {
        const yz = amplitude * pz[iz]! * py[iy]!;
        for (let ix = 0; ix < size; ix++) data[i++]! += yz * px[ix]!;
      }
    }
  }
  return { data, size: [size, size, size], apix };
}

/**
 * The transform of a projection on a disc by the formula of the conventions, u = (R c)_xy + t, times |CTF| where one
 * is given; interleaved.
 */
export function projectionTransform(
  { points, sigma }: Gaussians,
  options: {
    size: number;
    disc: Disc;
    rotation: ArrayLike<number>;
    shift: readonly [number, number];
    ctf?: Ctf | undefined;
    boxLength: number;
  },
): Float64Array {
  const { size, disc, rotation: r, shift, ctf, boxLength } = options;
  const out = new Float64Array(2 * disc.samples);
  const damping = ctf
    ? ctfOnDisc(ctf, disc, boxLength).map(Math.abs)
    : new Float64Array(disc.samples).fill(1);
  for (const [x, y, z, amplitude] of points) {
    const u = r[0]! * x + r[1]! * y + r[2]! * z + shift[0];
    const v = r[3]! * x + r[4]! * y + r[5]! * z + shift[1];
    for (let kx = 0; kx <= disc.rings; kx++) {
      for (let ky = -disc.rings; ky <= disc.rings; ky++) {
        const i = sampleIndex(disc.rings, kx, ky);
        if (disc.ring[i] === 0) continue;
        const envelope = Math.exp((-2 * Math.PI ** 2 * sigma ** 2 * (kx * kx + ky * ky)) / size ** 2);
        const weight = amplitude * 2 * Math.PI * sigma ** 2 * envelope * damping[i]!;
        const angle = -2 * Math.PI * (kx * u + ky * v);
        out[2 * i]! += weight * Math.cos(angle);
        out[2 * i + 1]! += weight * Math.sin(angle);
      }
    }
  }
  return out;
}

/** Correlation of two transforms over the disc, each ring of both divided by its norm first. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>, disc: Disc, from = 0): number {
  let total = 0;
  for (let r = 1; r <= disc.rings; r++) {
    let ab = 0;
    let aa = 0;
    let bb = 0;
    for (let i = 0; i < disc.samples; i++) {
      if (disc.ring[i] !== r) continue;
      const m = disc.multiplicity[i]!;
      const [ar, ai] = [a[from + 2 * i]!, a[from + 2 * i + 1]!];
      const [br, bi] = [b[2 * i]!, b[2 * i + 1]!];
      ab += m * (ar * br + ai * bi);
      aa += m * (ar * ar + ai * ai);
      bb += m * (br * br + bi * bi);
    }
    total += ab / Math.sqrt(aa * bb);
  }
  return total / disc.rings;
}

export interface MadeParticle {
  angles: [number, number, number];
  /** RELION's origin in Å. */
  origin: [number, number];
  defocus?: [number, number, number];
  phaseShift?: number;
  image: string;
}

/** A STAR file of RELION 3.1 with one optics group. */
export function relionStar(
  particles: readonly MadeParticle[],
  optics: { apix: number; size: number; cs?: number; contrast?: number },
): string {
  const columns = ["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst"];
  const withCtf = particles.some((p) => p.defocus);
  if (withCtf) columns.push("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle", "rlnPhaseShift");
  columns.push("rlnOpticsGroup", "rlnImageName");
  const { apix, size, cs = 2.7, contrast = 0.1 } = optics;
  const rows = particles.map((p) =>
    [...p.angles, ...p.origin, ...(withCtf ? [...p.defocus!, p.phaseShift ?? 0] : []), 1, p.image].join(" "),
  );
  const group = {
    name: "group1",
    voltage: 300,
    sphericalAberration: cs,
    amplitudeContrast: contrast,
    apix,
    boxSize: size,
  };
  return `${relionStarHead([group], columns)}${rows.join("\n")}\n`;
}

/** Particles with random orientations, shifts up to 4 Å and, if wanted, a CTF; images are named by `imageName`. */
export function randomParticles(
  seed: number,
  count: number,
  options: { ctf?: boolean; shifted?: boolean; phaseShift?: number; imageName?: (i: number) => string } = {},
): MadeParticle[] {
  const random = new Random(seed);
  const between = (low: number, high: number) => Number((low + (high - low) * random.uniform()).toFixed(4));
  const { imageName = (i) => `${String(i + 1).padStart(6, "0")}@images.mrcs` } = options;
  return Array.from({ length: count }, (_, i) => {
    const particle: MadeParticle = {
      angles: [between(-180, 180), between(0, 180), between(-180, 180)],
      origin: options.shifted === false ? [0, 0] : [between(-4, 4), between(-4, 4)],
      image: imageName(i),
    };
    if (options.ctf) {
      const mean = between(8000, 20000);
      particle.defocus = [mean + 600, mean - 600, between(0, 180)];
      particle.phaseShift = options.phaseShift ?? 0;
    }
    return particle;
  });
}
