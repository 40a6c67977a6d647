import { disc, sampleIndex } from "../fourier/disc";

/**
 * Where images agree best with projections, by their correlations sample by sample: the log-likelihood Σ w·FRC of an image
 * that is moved by s is Σ_k Re X(k)·exp(−2πi k·s). All lengths are in box units.
 */

/** Correlations of each particle with its projection, sample by sample, in the layout of `Disc`. */
export interface CrossSpectra {
  rings: number;
  count: number;
  /** w · P · I* / |P| of each sample, with its multiplicity, [count · samples · 2]. */
  values: Float32Array;
}

export type Pair = readonly [number, number];
export type Triple = [number, number, number];

/** Offsets are looked for up to this part of the box. */
const FARTHEST = 0.2;

/** Places from −farthest to farthest (box units), four for each period of the outermost ring. */
function places(rings: number, farthest: number): Float64Array {
  const step = 1 / (4 * rings);
  const most = Math.ceil(farthest / step);
  return Float64Array.from({ length: 2 * most + 1 }, (_, i) => (i - most) * step);
}

/** cos and sin of 2π·k·x for k from −rings to rings and each place x, [places · (2 · rings + 1) · 2]. */
function waves(at: Float64Array, rings: number): Float64Array {
  const width = 2 * rings + 1;
  const out = new Float64Array(2 * at.length * width);
  for (let p = 0; p < at.length; p++) {
    for (let k = -rings; k <= rings; k++) {
      const angle = 2 * Math.PI * k * at[p]!;
      out[2 * (p * width + k + rings)] = Math.cos(angle);
      out[2 * (p * width + k + rings) + 1] = Math.sin(angle);
    }
  }
  return out;
}

/** Σ_k Re X(k) · exp(−2πi k·s) for shifts s on a square of places, [places (y) · places (x)]. */
function planeScores(
  spectrum: ArrayLike<number>,
  rings: number,
  at: Float64Array,
  table: Float64Array,
): Float64Array {
  const width = 2 * rings + 1;
  const alongY = new Float64Array(2 * (rings + 1) * at.length);
  for (let kx = 0; kx <= rings; kx++) {
    for (let y = 0; y < at.length; y++) {
      let [re, im] = [0, 0];
      for (let ky = -rings; ky <= rings; ky++) {
        const x = 2 * (kx * width + ky + rings);
        const w = 2 * (y * width + ky + rings);
        re += spectrum[x]! * table[w]! + spectrum[x + 1]! * table[w + 1]!;
        im += spectrum[x + 1]! * table[w]! - spectrum[x]! * table[w + 1]!;
      }
      alongY[2 * (kx * at.length + y)] = re;
      alongY[2 * (kx * at.length + y) + 1] = im;
    }
  }
  const out = new Float64Array(at.length ** 2);
  for (let y = 0; y < at.length; y++) {
    for (let x = 0; x < at.length; x++) {
      let sum = 0;
      for (let kx = 0; kx <= rings; kx++) {
        const w = 2 * (x * width + kx + rings);
        const a = 2 * (kx * at.length + y);
        sum += alongY[a]! * table[w]! + alongY[a + 1]! * table[w + 1]!;
      }
      out[y * at.length + x] = sum;
    }
  }
  return out;
}

/** The largest of the values on a square of places, refined by a parabola along each axis. */
function peakOf(scores: Float64Array, at: Float64Array): { best: number; x: number; y: number } {
  const n = at.length;
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  const [y, x] = [Math.floor(best / n), best % n];
  const step = at[1]! - at[0]!;
  const refine = (stride: number, place: number) =>
    place === 0 || place === n - 1
      ? at[place]!
      : at[place]! + step * vertex(scores[best - stride]!, scores[best]!, scores[best + stride]!);
  return { best, x: refine(1, x), y: refine(n, y) };
}

/** Where a parabola through values at −1, 0 and 1 is highest, the middle one being the largest. */
export function vertex(before: number, middle: number, after: number): number {
  const bend = before - 2 * middle + after;
  return bend < 0 ? (0.5 * (before - after)) / bend : 0;
}

/** The shift in box units that would suit all images best. */
export function peakInPlane({ rings, count, values }: CrossSpectra): [number, number] {
  const width = 2 * disc(rings).samples;
  const sum = new Float64Array(width);
  for (let i = 0; i < values.length; i++) sum[i % width]! += values[i]! / count;
  const at = places(rings, FARTHEST);
  const { x, y } = peakOf(planeScores(sum, rings, at, waves(at, rings)), at);
  return [x, y];
}

/** The log-likelihood of each image where it agrees best. */
export function bestScores({ rings, count, values }: CrossSpectra): Float64Array {
  const width = 2 * disc(rings).samples;
  const at = places(rings, FARTHEST);
  const table = waves(at, rings);
  return Float64Array.from({ length: count }, (_, i) => {
    const scores = planeScores(values.subarray(i * width, (i + 1) * width), rings, at, table);
    return scores.reduce((most, value) => Math.max(most, value));
  });
}

/**
 * The shift that would suit each image best: gains in nats, and the root mean square of the shifts in box units. The noise of
 * one Fourier sample is independent of the next, so each half of a checkerboard judges the shift that the other has found.
 */
export function ownShifts({ rings, count, values }: CrossSpectra): { gain: Float64Array; rms: number } {
  const { samples } = disc(rings);
  const at = places(rings, FARTHEST);
  const table = waves(at, rings);
  const middle = (at.length ** 2 - 1) / 2;
  const gain = new Float64Array(count);
  let squares = 0;
  const halves = [0, 1].map(() => new Float64Array(2 * samples));
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < samples; k++) {
      // Columns of the disc have an odd number of samples: neighbours along both axes alternate.
      const own = halves[k % 2]!;
      const other = halves[1 - (k % 2)]!;
      for (let part = 0; part < 2; part++) {
        own[2 * k + part] = values[2 * (i * samples + k) + part]!;
        other[2 * k + part] = 0;
      }
    }
    const scores = halves.map((half) => planeScores(half, rings, at, table));
    for (const [half, own] of scores.entries()) {
      const other = scores[1 - half]!;
      const { best, x, y } = peakOf(own, at);
      gain[i]! += other[best]! - other[middle]!;
      squares += (x * x + y * y) / 2;
    }
  }
  return { gain, rms: Math.sqrt(squares / count) };
}

/**
 * The offset of the model in box units that would suit all images best. In the image of a particle it is the shift
 * (R d)_xy, so that k·(R d) = (Rᵀk)·d: the spectra are gathered on a grid of Rᵀk, whose transform is the gain of every offset.
 */
export function peakInSpace({ rings, count, values }: CrossSpectra, rotations: Float32Array): Triple {
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
  const at = places(rings, FARTHEST);
  const n = at.length;
  const table = waves(at, rings);
  // Along z, then y, then x.
  let now = grid;
  let lengths: [number, number, number] = [width, width, width];
  for (let axis = 0; axis < 3; axis++) {
    now = transformed(now, lengths, axis, table, n, width);
    lengths = lengths.map((length, a) => (a === axis ? n : length)) as typeof lengths;
  }
  let best = 0;
  const score = (i: number) => now[2 * i]!;
  for (let i = 1; i < n ** 3; i++) if (score(i) > score(best)) best = i;
  const step = at[1]! - at[0]!;
  return [1, n, n * n].map((stride) => {
    const place = Math.floor(best / stride) % n;
    if (place === 0 || place === n - 1) return at[place]!;
    return at[place]! + step * vertex(score(best - stride), score(best), score(best + stride));
  }) as Triple;
}

/** One axis (0 the slowest) of complex values, frequencies −K … K, transformed to places. */
function transformed(
  values: Float64Array,
  lengths: readonly number[],
  axis: number,
  table: Float64Array,
  n: number,
  width: number,
): Float64Array {
  const inner = lengths.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = lengths.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new Float64Array(2 * outer * n * inner);
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < n; p++) {
      for (let k = 0; k < width; k++) {
        const [c, s] = [table[2 * (p * width + k)]!, table[2 * (p * width + k) + 1]!];
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
  return out;
}
