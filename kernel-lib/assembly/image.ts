// Particle images: the Fourier transform of one image on the disc (see src/fourier/disc.ts), phase-flipped, every ring
// divided by its norm; and the mean CTF² of the rings. Rows are transformed eight at a time, as the real and imaginary
// parts of four signals, then the columns kx = 0 … K four at a time. Single precision, except for the sums over rings and
// the phase of the CTF, which grows to hundreds of turns.

import { transform } from "./fft";
// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Ctf, ctfPhases } from "./imageCtf";
import { exp, mulAdd, sin2pi, storeTransposed } from "./math";

// The record that the host writes: the same fields in the same order are in src/particles/images/imageKernel.ts.
@unmanaged
export class Image {
  /** S, at least 8. */
  size: i32;
  /** K ≤ ⌊(S − 1)/2⌋. */
  rings: i32;
  /** f32[S²] */
  pixels: usize;
  /** f32[columns · (2K + 1) · 2], the disc's layout; columns is K + 1 rounded up to a multiple of 4. */
  transform: usize;
  /** The CTF, or 0 for no phase flipping. */
  ctf: usize;
  /** f32[K + 1]: the mean CTF² of each ring. */
  power: usize;
  /** i32[K + 1]: the largest |ky| inside the disc for each kx. */
  extent: usize;
  /** i32[columns · (2K + 1)]: ring of each sample, 0 for the origin and outside the disc. */
  ring: usize;
  /** f64[K + 1]: independent samples in each ring. */
  samplesInRing: usize;
  /** f32[2·S]: cos and −sin of 2πj/S. */
  twiddles: usize;
  /** f32[3K + 4], for k = kx + ky from −K on: cos of 2πk⌊S/2⌋/S, which moves the origin to pixel ⌊S/2⌋. */
  originCos: usize;
  /** The sine of the same. */
  originSin: usize;
  scratch: usize;
}

// Scratch: sums over rings; two buffers for transforms; the columns in tiles of four kx.

export function quads(rings: i32): i32 {
  return (rings + 4) >> 2;
}

function sumBytes(rings: i32): usize {
  return (<usize>(8 * (rings + 1)) + 63) & ~(<usize>63);
}

/** Bytes of four signals. */
export function bufferBytes(size: i32): usize {
  return <usize>(32 * size);
}

/** Rows are stored eight at a time. The gap keeps tiles of 128 rows in different cache sets. */
function tileBytes(size: i32): usize {
  return <usize>(32 * ((size + 7) & ~7) + 256);
}

/** Scratch bytes for an image. */
export function imageScratchBytes(size: i32, rings: i32): usize {
  return sumBytes(rings) + 2 * bufferBytes(size) + <usize>quads(rings) * tileBytes(size);
}

export function bufferAt(image: Image): usize {
  return image.scratch + sumBytes(image.rings);
}

export function tileAt(image: Image, quad: i32): usize {
  return bufferAt(image) + 2 * bufferBytes(image.size) + <usize>quad * tileBytes(image.size);
}

/** Mean of the pixels. It only affects the origin, but a large one would cost the other samples digits. */
export function mean(image: Image): f32 {
  const pixels = image.size * image.size;
  const end = image.pixels + <usize>(4 * pixels);
  let at = image.pixels;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; at + 16 <= end; at += 16) {
    const four = v128.load(at);
    low = f64x2.add(low, f64x2.promote_low_f32x4(four));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; at < end; at += 4) sum += <f64>load<f32>(at);
  return <f32>(sum / <f64>pixels);
}

/** Transforms the rows and stores twice their spectra, kx = 0 … K, in the tiles; rings are divided by their norm later. */
export function transformRows(image: Image): void {
  const size = image.size;
  const mean4 = f32x4.splat(mean(image));
  const buffer = bufferAt(image);
  const other = buffer + bufferBytes(size);
  for (let y = 0; y < size; y += 8) {
    loadRows(image, y, mean4, buffer);
    unpackRows(image, y, transform(buffer, other, size, image.twiddles));
  }
}

/** Loads eight rows as the real and imaginary parts of four signals. */
function loadRows(image: Image, y: i32, mean4: v128, buffer: usize): void {
  const size = image.size;
  const pitch = <usize>(4 * size);
  // Beyond the last row the last one is read again, and the result is not used.
  const r0 = image.pixels + <usize>y * pitch;
  const r1 = image.pixels + <usize>min(y + 1, size - 1) * pitch;
  const r2 = image.pixels + <usize>min(y + 2, size - 1) * pitch;
  const r3 = image.pixels + <usize>min(y + 3, size - 1) * pitch;
  const r4 = image.pixels + <usize>min(y + 4, size - 1) * pitch;
  const r5 = image.pixels + <usize>min(y + 5, size - 1) * pitch;
  const r6 = image.pixels + <usize>min(y + 6, size - 1) * pitch;
  const r7 = image.pixels + <usize>min(y + 7, size - 1) * pitch;
  for (let x = 0; x < size; x += 4) {
    // The last four may overlap the ones before.
    const from = min(x, size - 4);
    const at = <usize>(4 * from);
    const to = buffer + <usize>(32 * from);
    storeTransposed(
      to,
      32,
      f32x4.sub(v128.load(r0 + at), mean4),
      f32x4.sub(v128.load(r2 + at), mean4),
      f32x4.sub(v128.load(r4 + at), mean4),
      f32x4.sub(v128.load(r6 + at), mean4),
    );
    storeTransposed(
      to + 16,
      32,
      f32x4.sub(v128.load(r1 + at), mean4),
      f32x4.sub(v128.load(r3 + at), mean4),
      f32x4.sub(v128.load(r5 + at), mean4),
      f32x4.sub(v128.load(r7 + at), mean4),
    );
  }
}

/** Separates the spectra of eight rows, kx = 0 … K, and stores them in the tiles. */
function unpackRows(image: Image, y: i32, z: usize): void {
  const size = image.size;
  for (let quad = 0; quad < quads(image.rings); quad++) {
    const p = z + <usize>(128 * quad);
    const m = z + <usize>(32 * (size - 4 * quad));
    const to = tileAt(image, quad) + <usize>(32 * y);
    // The Friedel mate of kx is S − kx, that of 0 is 0.
    const m0 = quad === 0 ? z : m;
    const ar = v128.load(p);
    const ai = v128.load(p, 16);
    const br = v128.load(p, 32);
    const bi = v128.load(p, 48);
    const cr = v128.load(p, 64);
    const ci = v128.load(p, 80);
    const dr = v128.load(p, 96);
    const di = v128.load(p, 112);
    const Ar = v128.load(m0);
    const Ai = v128.load(m0, 16);
    const Br = v128.load(m - 32);
    const Bi = v128.load(m - 32, 16);
    const Cr = v128.load(m - 64);
    const Ci = v128.load(m - 64, 16);
    const Dr = v128.load(m - 96);
    const Di = v128.load(m - 96, 16);
    // Rows y, y + 2, … were the real parts, y + 1, … the imaginary ones.
    storeTransposed(to, 64, f32x4.add(ar, Ar), f32x4.add(br, Br), f32x4.add(cr, Cr), f32x4.add(dr, Dr));
    storeTransposed(to + 16, 64, f32x4.sub(ai, Ai), f32x4.sub(bi, Bi), f32x4.sub(ci, Ci), f32x4.sub(di, Di));
    storeTransposed(to + 32, 64, f32x4.add(ai, Ai), f32x4.add(bi, Bi), f32x4.add(ci, Ci), f32x4.add(di, Di));
    storeTransposed(to + 48, 64, f32x4.sub(Ar, ar), f32x4.sub(Br, br), f32x4.sub(Cr, cr), f32x4.sub(Dr, dr));
  }
}

/**
 * Moves the origin of four samples of one ky, applies their signs, and stores each in its row of the result.
 * @returns their powers
 */
function storeSamples(from: usize, cos: v128, sin: v128, sign: v128, to: usize, pitch: usize): v128 {
  const re = v128.load(from);
  const im = v128.load(from, 16);
  const r = v128.xor(f32x4.sub(f32x4.mul(re, cos), f32x4.mul(im, sin)), sign);
  const i = v128.xor(f32x4.add(f32x4.mul(re, sin), f32x4.mul(im, cos)), sign);
  const low = v128.shuffle<f32>(r, i, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(r, i, 2, 6, 3, 7);
  v128.store64_lane(to, low, 0);
  v128.store64_lane(to + pitch, low, 1);
  v128.store64_lane(to + 2 * pitch, high, 0);
  v128.store64_lane(to + 3 * pitch, high, 1);
  return f32x4.add(f32x4.mul(r, r), f32x4.mul(i, i));
}

/** Adds four values of one ky, at kx = 4·quad and the next three, to the sums of their rings. */
function addToRings(image: Image, quad: i32, ky: i32, values: v128): void {
  const pitch = <usize>(4 * (2 * image.rings + 1));
  const ring = image.ring + <usize>(4 * quad) * pitch + <usize>(4 * (image.rings + ky));
  const sums = image.scratch;
  // Samples with kx > 0 count twice, for their Friedel mate.
  const weighted = f32x4.mul(values, f32x4.replace_lane(f32x4.splat(2), 0, quad === 0 ? 1 : 2));
  add(sums + 8 * <usize>load<i32>(ring), f32x4.extract_lane(weighted, 0));
  add(sums + 8 * <usize>load<i32>(ring + pitch), f32x4.extract_lane(weighted, 1));
  add(sums + 8 * <usize>load<i32>(ring + 2 * pitch), f32x4.extract_lane(weighted, 2));
  add(sums + 8 * <usize>load<i32>(ring + 3 * pitch), f32x4.extract_lane(weighted, 3));
}

function add(at: usize, value: f32): void {
  store<f64>(at, load<f64>(at) + <f64>value);
}

/** Transforms four columns, stores their samples within the disc, and adds their powers to the sums of the rings. */
function transformColumns(image: Image, quad: i32): void {
  const size = image.size;
  const rings = image.rings;
  const buffer = bufferAt(image);
  const line = buffer + bufferBytes(size);
  const z = transform(tileAt(image, quad), buffer, size, image.twiddles);
  const flip = image.ctf !== 0;
  const pitch = <usize>(8 * (2 * rings + 1));
  const centre = image.transform + <usize>(4 * quad) * pitch + <usize>(8 * rings);
  const originCos = image.originCos + <usize>(4 * (4 * quad + rings));
  const originSin = image.originSin + <usize>(4 * (4 * quad + rings));
  const extent = load<i32>(image.extent + <usize>(16 * quad));
  if (flip) ctfPhases(changetype<Ctf>(image.ctf), quad, extent, line);
  const zero = f32x4.splat(0);
  const minus = i32x4.splat(0x80000000);
  for (let ky: usize = 0; ky <= <usize>extent; ky++) {
    let up = zero;
    let down = zero;
    if (flip) {
      up = v128.and(f32x4.gt(v128.load(line + 32 * ky), zero), minus);
      down = v128.and(f32x4.gt(v128.load(line + 32 * ky, 16), zero), minus);
    }
    const at: usize = 4 * ky;
    let cos = v128.load(originCos + at);
    let sin = v128.load(originSin + at);
    let power = storeSamples(z + 32 * ky, cos, sin, up, centre + 8 * ky, pitch);
    if (ky !== 0) {
      cos = v128.load(originCos - at);
      sin = v128.load(originSin - at);
      const mate = z + 32 * (<usize>size - ky);
      power = f32x4.add(power, storeSamples(mate, cos, sin, down, centre - 8 * ky, pitch));
    }
    addToRings(image, quad, <i32>ky, power);
  }
}

/** Replaces the sum of each ring by the factor of its samples, twice in single precision. */
function invertNorms(image: Image): void {
  for (let r: usize = 0; r <= <usize>image.rings; r++) {
    const at = image.scratch + 8 * r;
    const sum = load<f64>(at);
    const factor = r > 0 && sum > 0 ? <f32>(1 / Math.sqrt(sum)) : 0;
    store<f32>(at, factor);
    store<f32>(at, factor, 4);
  }
}

/** Divides each ring by its norm, and clears samples outside the disc. */
function normalize(image: Image): void {
  invertNorms(image);
  const rings = image.rings;
  const width = 2 * rings + 1;
  const factors = image.scratch;
  for (let kx = 0; kx <= rings; kx++) {
    const extent = load<i32>(image.extent + <usize>(4 * kx));
    const row = image.transform + <usize>(8 * kx * width);
    const outside = rings - extent;
    memory.fill(row, 0, <usize>(8 * outside));
    memory.fill(row + <usize>(8 * (width - outside)), 0, <usize>(8 * outside));
    let ring = image.ring + <usize>(4 * (kx * width + outside));
    let at = row + <usize>(8 * outside);
    for (const last = at + <usize>(16 * extent); at < last; at += 16) {
      const first = v128.load64_zero(factors + 8 * <usize>load<i32>(ring));
      const both = v128.load64_lane(factors + 8 * <usize>load<i32>(ring, 4), first, 1);
      v128.store(at, f32x4.mul(v128.load(at), both));
      ring += 8;
    }
    const factor = load<f32>(factors + 8 * <usize>load<i32>(ring));
    store<f32>(at, factor * load<f32>(at));
    store<f32>(at, factor * load<f32>(at, 4), 4);
  }
}

/** Transforms the image, phase-flipped where a CTF is given, and divides every ring by its norm; rings of zeros stay. */
export function transformImage(address: usize): void {
  const image = changetype<Image>(address);
  memory.fill(image.scratch, 0, sumBytes(image.rings));
  transformRows(image);
  for (let quad = 0; quad < quads(image.rings); quad++) transformColumns(image, quad);
  normalize(image);
}

/** Mean CTF² over each ring, weighted by the multiplicity; 1 for ring 0. */
export function ringPower(address: usize): void {
  const image = changetype<Image>(address);
  const ctf = changetype<Ctf>(image.ctf);
  const rings = image.rings;
  const line = bufferAt(image);
  const decay = <f32>ctf.decay;
  memory.fill(image.scratch, 0, sumBytes(rings));
  for (let quad = 0; quad < quads(rings); quad++) {
    const extent = load<i32>(image.extent + <usize>(16 * quad));
    ctfPhases(ctf, quad, extent, line);
    const x = f32x4.add(f32x4.splat(4 * <f32>quad), f32x4(0, 1, 2, 3));
    for (let ky = 0; ky <= extent; ky++) {
      const up = sin2pi(v128.load(line + <usize>(32 * ky)));
      const down = sin2pi(v128.load(line + <usize>(32 * ky), 16));
      let power = f32x4.mul(up, up);
      if (ky > 0) power = mulAdd(down, down, power);
      if (decay !== 0) {
        const square = mulAdd(x, x, f32x4.splat(<f32>(ky * ky)));
        power = f32x4.mul(power, exp(f32x4.mul(square, f32x4.splat(decay))));
      }
      addToRings(image, quad, ky, power);
    }
  }
  store<f32>(image.power, 1);
  for (let r: usize = 1; r <= <usize>rings; r++) {
    const mean = load<f64>(image.scratch + 8 * r) / (2 * load<f64>(image.samplesInRing + 8 * r));
    store<f32>(image.power + 4 * r, <f32>(ctf.power * mean));
  }
}
