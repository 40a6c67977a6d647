// Back-projection: the CTF-weighted samples of one image, and their distribution over the padded grid of a 3-D transform. The
// same samples may be added to several sums, in several orientations. A call adds to some planes of the grid only: threads
// divide the planes, so that every grid point receives its samples in the same order whatever the number of threads.

import { transform } from "./fft";
// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { bufferAt, bufferBytes, Image, mean, quads, tileAt, transformRows } from "./image";
// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Ctf, ctfPhases } from "./imageCtf";
import { exp, mulAdd, sin2pi, storeTransposed } from "./math";

// The records that the host writes: the same fields in the same order are in src/reconstruction/backprojectionMemory.ts.
@unmanaged
class Samples {
  /** An Image, of which size, rings, pixels, ctf, extent, twiddles and scratch are used. */
  image: usize;
  /** f32[columns · (2K + 1) · 4], columns is K + 1 rounded up to a multiple of 4: re, im, weight, re. */
  out: usize;
  /** Factor of values. */
  gain: f32;
  /** Scale factor of the CTF. */
  scale: f32;
  /** How the CTF is contained in the image: 0 as recorded, 1 phases flipped, 2 multiplied once more. */
  state: i32;
  /** 1 to keep the image's mean, 0 to subtract it. */
  keepMean: i32;
  /** f32[columns] cos and then f32[columns] sin of the phase that moves the centre along kx. */
  phaseX: usize;
  /** f32[2K + 1] cos and then f32[2K + 1] sin of the same along ky, from −K on. */
  phaseY: usize;
  /** f32[quads · (K + 1) · 8]: turns to add to the phase of the CTF, four kx at ky and at −ky; 0 for none. */
  even: usize;
  /** f32[quads · (K + 1) · 16]: cos4, sin4 at ky and at −ky, factors of all samples; 0 for none. */
  odd: usize;
}

@unmanaged
class Planes {
  /** The first plane in memory, f32[(hi − first) · strideZ / 4], of the first sum. */
  grid: usize;
  /** Bytes from one sum to the next. */
  sumBytes: usize;
  /** Index of the first plane in memory. */
  first: i32;
  /** Planes lo … hi − 1 are added to. */
  lo: i32;
  hi: i32;
  /** Index of the origin along y and z. */
  reach: i32;
  /** Bytes from one row of the grid to the next. */
  strideY: i32;
  /** Bytes from one plane to the next. */
  strideZ: i32;
  /** K. */
  rings: i32;
  /** i32[K + 1]: the largest |ky| for each kx. */
  extent: usize;
  /** View[count] */
  views: usize;
  count: i32;
}

/** Samples of an image in one orientation, which are added to one sum. */
@unmanaged
class View {
  samples: usize;
  sum: i32;
  weight: f32;
  /** Grid point per Fourier pixel of the image, along kx and ky. */
  xx: f32;
  xy: f32;
  xz: f32;
  yx: f32;
  yy: f32;
  yz: f32;
}

const viewBytes: usize = 36;

/** Stores four samples of one ky. */
function storeSamples(s: Samples, z: usize, cos: v128, sin: v128, c: v128, to: usize, pitch: usize): void {
  const re = v128.load(z);
  const im = v128.load(z, 16);
  let amplitude = f32x4.splat(s.gain);
  if (s.state === 0) amplitude = f32x4.mul(amplitude, c);
  else if (s.state === 1) amplitude = f32x4.mul(amplitude, f32x4.abs(c));
  const r = f32x4.mul(amplitude, f32x4.sub(f32x4.mul(re, cos), f32x4.mul(im, sin)));
  const i = f32x4.mul(amplitude, f32x4.add(f32x4.mul(re, sin), f32x4.mul(im, cos)));
  storeTransposed(to, pitch, r, i, f32x4.mul(c, c), r);
}

/** The CTF of four samples from their phases as of `ctfPhases`. */
function ctfOf(s: Samples, ctf: Ctf, phases: v128, offset: usize, x: v128, ky: i32): v128 {
  const turns = offset === 0 ? phases : f32x4.add(phases, v128.load(offset));
  let c = f32x4.mul(sin2pi(turns), f32x4.splat(-s.scale));
  if (ctf.decay !== 0) {
    const square = mulAdd(x, x, f32x4.splat(<f32>(ky * ky)));
    c = f32x4.mul(c, exp(f32x4.mul(square, f32x4.splat(<f32>ctf.decay))));
  }
  return c;
}

/** Samples of four columns. */
function sampleColumns(s: Samples, image: Image, quad: i32, origin: f32): void {
  const size = image.size;
  const rings = image.rings;
  const width = 2 * rings + 1;
  const columns = 4 * quads(rings);
  const buffer = bufferAt(image);
  const line = buffer + bufferBytes(size);
  const z = transform(tileAt(image, quad), buffer, size, image.twiddles);
  // Rows were not scaled by ½.
  if (quad === 0) store<f32>(z, load<f32>(z) + 2 * origin);
  const pitch = <usize>(16 * width);
  const centre = s.out + <usize>(4 * quad) * pitch + <usize>(16 * rings);
  const extent = load<i32>(image.extent + <usize>(16 * quad));
  const ctf = changetype<Ctf>(image.ctf);
  if (image.ctf !== 0) ctfPhases(ctf, quad, extent, line);
  const xCos = v128.load(s.phaseX + <usize>(16 * quad));
  const xSin = v128.load(s.phaseX + <usize>(4 * columns + 16 * quad));
  const yCos = s.phaseY + <usize>(4 * rings);
  const ySin = yCos + <usize>(4 * width);
  const x = f32x4.add(f32x4.splat(4 * <f32>quad), f32x4(0, 1, 2, 3));
  for (let ky = 0; ky <= extent; ky++) {
    const table = <usize>(quad * (rings + 1) + ky);
    for (let side = 0; side < 2; side++) {
      if (side === 1 && ky === 0) break;
      const y = side === 0 ? ky : -ky;
      const row = side === 0 ? ky : size - ky;
      const half = <usize>(16 * side);
      let c = f32x4.splat(1);
      if (image.ctf !== 0) {
        const offset: usize = s.even === 0 ? 0 : s.even + 32 * table + half;
        c = ctfOf(s, ctf, v128.load(line + <usize>(32 * ky) + half), offset, x, ky);
      }
      const yc = v128.load32_splat(yCos + 4 * <usize>y);
      const ys = v128.load32_splat(ySin + 4 * <usize>y);
      let cos = f32x4.sub(f32x4.mul(xCos, yc), f32x4.mul(xSin, ys));
      let sin = f32x4.add(f32x4.mul(xCos, ys), f32x4.mul(xSin, yc));
      if (s.odd !== 0) {
        const at = s.odd + 64 * table + 2 * half;
        const oc = v128.load(at);
        const os = v128.load(at, 16);
        const turned = f32x4.sub(f32x4.mul(cos, oc), f32x4.mul(sin, os));
        sin = f32x4.add(f32x4.mul(cos, os), f32x4.mul(sin, oc));
        cos = turned;
      }
      storeSamples(s, z + <usize>(32 * row), cos, sin, c, centre + 16 * <usize>y, pitch);
    }
  }
}

/** Computes the samples of an image. */
export function sampleImage(address: usize): void {
  const s = changetype<Samples>(address);
  const image = changetype<Image>(s.image);
  transformRows(image);
  const origin: f32 = s.keepMean === 0 ? 0 : mean(image) * <f32>(image.size * image.size);
  for (let quad = 0; quad < quads(image.rings); quad++) sampleColumns(s, image, quad, origin);
}

/** The first ky ≥ `from` at which `a + ky·b` may be at least `least` or, for negative b, less than `most`; one early. */
function firstWithin(a: f32, b: f32, least: f32, most: f32, from: i32, to: i32): i32 {
  if (b === 0) return a >= least - 1 && a < most + 1 ? from : to + 1;
  const edge = ((b > 0 ? least : most) - a) / b - 1;
  return edge <= <f32>from ? from : edge > <f32>to ? to + 1 : <i32>edge;
}

/** The last such ky ≤ `to`, one late. */
function lastWithin(a: f32, b: f32, least: f32, most: f32, from: i32, to: i32): i32 {
  if (b === 0) return to;
  const edge = ((b > 0 ? most : least) - a) / b + 2;
  return edge >= <f32>to ? to : edge < <f32>from ? from - 1 : <i32>edge;
}

/** Adds the samples of one kx that lie on one side of x = 0; those on the other side as their Friedel mates. */
function distributeRow(job: Planes, view: View, kx: i32, side: f32, grid: usize): void {
  const extent = load<i32>(job.extent + <usize>(4 * kx));
  const lowest = kx === 0 ? 0 : -extent;
  const x = <f32>kx;
  const reach = <f32>job.reach;
  const baseX = side * x * view.xx;
  const baseY = side * x * view.xy;
  const baseZ = side * x * view.xz;
  const stepX = side * view.yx;
  const stepY = side * view.yy;
  const stepZ = side * view.yz;
  const least = <f32>(job.lo - 1) - reach;
  const most = <f32>job.hi - reach;
  let first = firstWithin(baseZ, stepZ, least, most, lowest, extent);
  let last = lastWithin(baseZ, stepZ, least, most, lowest, extent);
  first = max(first, firstWithin(baseX, stepX, 0, 1e9, lowest, extent));
  last = min(last, lastWithin(baseX, stepX, 0, 1e9, lowest, extent));
  const base = f32x4(baseX, baseY, baseZ, 0);
  const step = f32x4(stepX, stepY, stepZ, 0);
  const offset = f32x4(0, reach, reach, 0);
  const weight = view.weight;
  const factor = f32x4(weight, side * weight, weight, weight);
  const one = f32x4.splat(1);
  const lo = job.lo;
  const hi = job.hi;
  const strideY = <usize>job.strideY;
  const strideZ = <usize>job.strideZ;
  const row = view.samples + <usize>(16 * (kx * (2 * job.rings + 1) + job.rings));
  for (let ky = first; ky <= last; ky++) {
    const place = mulAdd(f32x4.splat(<f32>ky), step, base);
    const qx = f32x4.extract_lane(place, 0);
    // Both sides compute the same numbers with opposite signs, so that each sample is taken once.
    if (qx < 0 || (qx === 0 && side < 0)) continue;
    const at = f32x4.add(place, offset);
    const whole = i32x4.trunc_sat_f32x4_s(at);
    const z0 = i32x4.extract_lane(whole, 2);
    if (z0 < lo - 1 || z0 >= hi) continue;
    const f = f32x4.sub(at, f32x4.convert_i32x4_s(whole));
    const g = f32x4.sub(one, f);
    const s = f32x4.mul(v128.load(row + 16 * <usize>ky), factor);
    // re, im, weight at x0, re at x0 + 1
    const a = f32x4.mul(s, v128.shuffle<f32>(g, f, 0, 0, 0, 4));
    // im, weight at x0 + 1
    const b = f32x4.mul(v128.shuffle<f32>(s, s, 1, 2, 1, 2), v128.shuffle<f32>(f, f, 0, 0, 0, 0));
    const gy = v128.shuffle<f32>(g, g, 1, 1, 1, 1);
    const fy = v128.shuffle<f32>(f, f, 1, 1, 1, 1);
    const x0 = i32x4.extract_lane(whole, 0);
    const y0 = i32x4.extract_lane(whole, 1);
    const to = grid + <usize>(z0 - job.first) * strideZ + <usize>y0 * strideY + <usize>(12 * x0);
    if (z0 >= lo) addPair(to, strideY, a, b, gy, fy, v128.shuffle<f32>(g, g, 2, 2, 2, 2));
    if (z0 + 1 < hi) addPair(to + strideZ, strideY, a, b, gy, fy, v128.shuffle<f32>(f, f, 2, 2, 2, 2));
  }
}

/** Adds to the two rows of a plane. */
function addPair(to: usize, strideY: usize, a: v128, b: v128, gy: v128, fy: v128, wz: v128): void {
  const w0 = f32x4.mul(gy, wz);
  const w1 = f32x4.mul(fy, wz);
  v128.store(to, f32x4.add(v128.load(to), f32x4.mul(a, w0)));
  v128.store64_lane(to, f32x4.add(v128.load64_zero(to, 16), f32x4.mul(b, w0)), 0, 16);
  const next = to + strideY;
  v128.store(next, f32x4.add(v128.load(next), f32x4.mul(a, w1)));
  v128.store64_lane(next, f32x4.add(v128.load64_zero(next, 16), f32x4.mul(b, w1)), 0, 16);
}

/** Adds all views to the planes of the job. */
export function distribute(address: usize): void {
  const job = changetype<Planes>(address);
  for (let v = 0; v < job.count; v++) {
    const view = changetype<View>(job.views + <usize>v * viewBytes);
    const grid = job.grid + <usize>view.sum * job.sumBytes;
    for (let kx = 0; kx <= job.rings; kx++) {
      distributeRow(job, view, kx, 1, grid);
      distributeRow(job, view, kx, -1, grid);
    }
  }
}
