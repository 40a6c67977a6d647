import { disc, sampleIndex } from "../../fourier/disc";

/*
 * Cross-correlation of images and projections. The log-likelihood Σ w·FRC of an image that is shifted by s is
 * Σ_k Re X(k)·exp(−2πi k·s), with X the weighted cross spectrum. All lengths are in box units.
 */

/** Cross spectra of particles and their projections, in the layout of `Disc`. */
export interface CrossSpectra {
  /** Outermost ring. */
  rings: number;
  /** Number of particles. */
  count: number;
  /** w · P · I* / |P| of each sample, times its multiplicity, [count · samples · 2]. */
  values: Float32Array;
}

/** A shift in the plane. */
export type Pair = readonly [number, number];
/** An offset in space. */
export type Triple = [number, number, number];

/** Largest offset that is searched. */
const maxOffset = 0.2;

/** exp(2πi k·x) for frequencies k = −rings … rings at equidistant places x. */
interface PhaseTable {
  rings: number;
  /** Places from −maxOffset to maxOffset, four per period of the outermost ring. */
  places: Float64Array;
  /** Cosine and sine, [places · (2 · rings + 1) · 2]. */
  phases: Float64Array;
}

function phaseTable(rings: number): PhaseTable {
  const step = 1 / (4 * rings);
  const most = Math.ceil(maxOffset / step);
  const places = Float64Array.from({ length: 2 * most + 1 }, (_, i) => (i - most) * step);
  const width = 2 * rings + 1;
  const phases = new Float64Array(2 * places.length * width);
  for (let p = 0; p < places.length; p++) {
    for (let k = -rings; k <= rings; k++) {
      const angle = 2 * Math.PI * k * places[p]!;
      phases[2 * (p * width + k + rings)] = Math.cos(angle);
      phases[2 * (p * width + k + rings) + 1] = Math.sin(angle);
    }
  }
  return { rings, places, phases };
}

/** Σ_k Re X(k) · exp(−2πi k·s) for shifts s on the square of places, [places (y) · places (x)]. */
function planeScores(spectrum: ArrayLike<number>, { rings, places, phases }: PhaseTable): Float64Array {
  const n = places.length;
  const width = 2 * rings + 1;
  const alongY = new Float64Array(2 * (rings + 1) * n);
  for (let kx = 0; kx <= rings; kx++) {
    for (let y = 0; y < n; y++) {
      let [re, im] = [0, 0];
      for (let ky = -rings; ky <= rings; ky++) {
        const x = 2 * (kx * width + ky + rings);
        const w = 2 * (y * width + ky + rings);
        re += spectrum[x]! * phases[w]! + spectrum[x + 1]! * phases[w + 1]!;
        im += spectrum[x + 1]! * phases[w]! - spectrum[x]! * phases[w + 1]!;
      }
      alongY[2 * (kx * n + y)] = re;
      alongY[2 * (kx * n + y) + 1] = im;
    }
  }
  const out = new Float64Array(n ** 2);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      let sum = 0;
      for (let kx = 0; kx <= rings; kx++) {
        const w = 2 * (x * width + kx + rings);
        const a = 2 * (kx * n + y);
        sum += alongY[a]! * phases[w]! + alongY[a + 1]! * phases[w + 1]!;
      }
      out[y * n + x] = sum;
    }
  }
  return out;
}

/** The maximum of scores on a grid of places of any dimension, x fastest, refined by a parabola along each axis. */
function peakOf(
  score: (i: number) => number,
  dimensions: number,
  places: Float64Array,
): { best: number; at: number[] } {
  const n = places.length;
  let best = 0;
  for (let i = 1; i < n ** dimensions; i++) if (score(i) > score(best)) best = i;
  const step = places[1]! - places[0]!;
  const at = Array.from({ length: dimensions }, (_, axis) => {
    const stride = n ** axis;
    const place = Math.floor(best / stride) % n;
    if (place === 0 || place === n - 1) return places[place]!;
    return places[place]! + step * vertex(score(best - stride), score(best), score(best + stride));
  });
  return { best, at };
}

/** Position of the maximum of a parabola through values at −1, 0 and 1, of which the middle one is largest. */
export function vertex(before: number, middle: number, after: number): number {
  const bend = before - 2 * middle + after;
  return bend < 0 ? (0.5 * (before - after)) / bend : 0;
}

/** The common shift of all images with the highest total log-likelihood. */
export function peakInPlane({ rings, count, values }: CrossSpectra): [number, number] {
  const width = 2 * disc(rings).samples;
  const sum = new Float64Array(width);
  for (let i = 0; i < values.length; i++) sum[i % width]! += values[i]! / count;
  const table = phaseTable(rings);
  const scores = planeScores(sum, table);
  return peakOf((i) => scores[i]!, 2, table.places).at as [number, number];
}

/** Log-likelihood of each image at its best shift. */
export function bestScores({ rings, count, values }: CrossSpectra): Float64Array {
  const width = 2 * disc(rings).samples;
  const table = phaseTable(rings);
  return Float64Array.from({ length: count }, (_, i) => {
    const scores = planeScores(values.subarray(i * width, (i + 1) * width), table);
    return scores.reduce((most, value) => Math.max(most, value));
  });
}

/**
 * The best shift of each image: gains in nats, and the root mean square of the shifts. The noise of Fourier samples is
 * independent, so the shift found with one half of a checkerboard of samples is scored with the other half.
 */
export function ownShifts({ rings, count, values }: CrossSpectra): { gain: Float64Array; rms: number } {
  const width = 2 * disc(rings).samples;
  const table = phaseTable(rings);
  const { places } = table;
  const middle = (places.length ** 2 - 1) / 2;
  const gain = new Float64Array(count);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const halves = checkerboard(values.subarray(i * width, (i + 1) * width));
    const scores = halves.map((half) => planeScores(half, table));
    for (const [half, own] of scores.entries()) {
      const other = scores[1 - half]!;
      const { best, at } = peakOf((p) => own[p]!, 2, places);
      gain[i]! += other[best]! - other[middle]!;
      squares += (at[0]! * at[0]! + at[1]! * at[1]!) / 2;
    }
  }
  return { gain, rms: Math.sqrt(squares / count) };
}

/**
 * A spectrum divided into two by alternating samples, zero elsewhere. Columns of the disc have an odd number of samples,
 * so that neighbours along both axes alternate.
 */
function checkerboard(spectrum: Float32Array): Float64Array[] {
  const halves = [new Float64Array(spectrum.length), new Float64Array(spectrum.length)];
  for (let i = 0; i < spectrum.length; i++) halves[(i >> 1) % 2]![i] = spectrum[i]!;
  return halves;
}

/**
 * The offset d of the model with the highest total log-likelihood. It shifts the image of a particle by (R d)_xy, and
 * k·(R d) = (Rᵀk)·d: the spectra are accumulated on a grid of Rᵀk, whose Fourier transform is the gain of every offset.
 */
export function peakInSpace(spectra: CrossSpectra, rotations: Float32Array): Triple {
  const table = phaseTable(spectra.rings);
  const width = 2 * spectra.rings + 1;
  let grid: Grid = { values: accumulate(spectra, rotations), lengths: [width, width, width] };
  for (let axis = 0; axis < 3; axis++) grid = transformed(grid, axis, table);
  const { values } = grid;
  return peakOf((i) => values[2 * i]!, 3, table.places).at as Triple;
}

/** Mean of the spectra on a cubic grid of Rᵀk by nearest neighbour, complex, [z · y · x · 2]. */
function accumulate({ rings, count, values }: CrossSpectra, rotations: Float32Array): Float64Array {
  const { samples, multiplicity } = disc(rings);
  const width = 2 * rings + 1;
  const grid = new Float64Array(2 * width ** 3);
  for (let i = 0; i < count; i++) {
    const r = rotations.subarray(9 * i, 9 * i + 9);
    for (let kx = 0; kx <= rings; kx++) {
      for (let ky = -rings; ky <= rings; ky++) {
        const k = sampleIndex(rings, kx, ky);
        if (multiplicity[k] === 0) continue;
        const place = [0, 1, 2].map((axis) => Math.round(r[axis]! * kx + r[3 + axis]! * ky) + rings);
        if (place.some((p) => p < 0 || p >= width)) continue;
        const to = 2 * ((place[2]! * width + place[1]!) * width + place[0]!);
        grid[to]! += values[2 * (i * samples + k)]! / count;
        grid[to + 1]! += values[2 * (i * samples + k) + 1]! / count;
      }
    }
  }
  return grid;
}

/** Complex values on a 3-D grid, the first axis slowest. */
interface Grid {
  values: Float64Array;
  lengths: readonly number[];
}

/** Transforms one axis from frequencies −rings … rings to places. */
function transformed({ values, lengths }: Grid, axis: number, { rings, places, phases }: PhaseTable): Grid {
  const n = places.length;
  const width = 2 * rings + 1;
  const inner = lengths.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = lengths.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new Float64Array(2 * outer * n * inner);
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < n; p++) {
      for (let k = 0; k < width; k++) {
        const [c, s] = [phases[2 * (p * width + k)]!, phases[2 * (p * width + k) + 1]!];
        const from = 2 * (o * width + k) * inner;
        const to = 2 * (o * n + p) * inner;
        for (let i = 0; i < inner; i++) {
          const [re, im] = [values[from + 2 * i]!, values[from + 2 * i + 1]!];
          out[to + 2 * i]! += re * c + im * s;
          out[to + 2 * i + 1]! += im * c - re * s;
        }
      }
    }
  }
  return { values: out, lengths: lengths.map((length, a) => (a === axis ? n : length)) };
}
