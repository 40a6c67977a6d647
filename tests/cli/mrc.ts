import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** Images or planes of an MRC file of mode 2 without extended header, read independently of the library. */
export interface Stack {
  /** nx, ny, nz. */
  size: [number, number, number];
  /** Å per pixel. */
  apix: number;
  data: Float32Array;
}

export function readStack(file: string): Stack {
  const bytes = readFileSync(file);
  const word = (i: number) => bytes.readInt32LE(4 * i);
  assert.equal(word(3), 2, `${file}: mode`);
  assert.equal(word(23), 0, `${file}: extended header`);
  const size: Stack["size"] = [word(0), word(1), word(2)];
  const values = size[0] * size[1] * size[2];
  assert.equal(bytes.length, 1024 + 4 * values, `${file}: bytes`);
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 1024, bytes.byteOffset + bytes.length));
  return { size, apix: bytes.readFloatLE(40) / word(7), data };
}

/** Image i of a stack, from 0. */
export function image({ size: [nx, ny], data }: Stack, i: number): Float32Array {
  return data.subarray(i * nx * ny, (i + 1) * nx * ny);
}

/** Pearson's correlation over all pixels. */
export function correlation(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  const mean = (v: Float32Array) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - meanA) * (b[i]! - meanB);
    aa += (a[i]! - meanA) ** 2;
    bb += (b[i]! - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Density of a model text file, Σ A exp(−|x − c|²/2σ²), computed voxel by voxel. */
export function densityOfModel(text: string, size: number, apix: number): Uint8Array {
  const [, box] = /^# box_size (\S+)/m.exec(text)!;
  const gaussians = text
    .split("\n")
    .filter((line) => /^[-\d]/.test(line))
    .map((line) => line.split(" ").map(Number) as [number, number, number, number, number]);
  const values = new Float32Array(size ** 3);
  for (const [x, y, z, amplitude, sigmaOfBox] of gaussians) {
    const sigma = (sigmaOfBox * size) / Number(box);
    const along = (c: number) =>
      Float64Array.from({ length: size }, (_, i) =>
        Math.exp(-((i - size / 2 - c * size) ** 2) / (2 * sigma ** 2)),
      );
    const [px, py, pz] = [along(x), along(y), along(z)];
    for (let i = 0; i < values.length; i++) {
      const [ix, iy, iz] = [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)];
      values[i]! += amplitude * px[ix]! * py[iy]! * pz[iz]!;
    }
  }
  return mapFile(values, size, apix);
}

/** A cubic mask that is 1 where `inside` holds for the position in box units. */
export function maskFile(
  inside: (x: number, y: number, z: number) => boolean,
  size: number,
  apix: number,
): Uint8Array {
  const at = (i: number) => (i - size / 2) / size;
  const values = Float32Array.from({ length: size ** 3 }, (_, i) =>
    inside(at(i % size), at(Math.floor(i / size) % size), at(Math.floor(i / size ** 2))) ? 1 : 0,
  );
  return mapFile(values, size, apix);
}

/** A cubic map of mode 2. */
function mapFile(values: Float32Array, size: number, apix: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(1024));
  const words = [size, size, size, 2, 0, 0, 0, size, size, size];
  for (const [i, word] of words.entries()) header.setInt32(4 * i, word, true);
  for (let i = 0; i < 3; i++) {
    header.setFloat32(40 + 4 * i, size * apix, true);
    header.setFloat32(52 + 4 * i, 90, true);
    header.setInt32(64 + 4 * i, i + 1, true);
  }
  header.setInt32(88, 1, true);
  new Uint8Array(header.buffer).set(Buffer.from("MAP "), 208);
  header.setUint32(212, 0x4144, true);
  return Buffer.concat([new Uint8Array(header.buffer), new Uint8Array(values.buffer)]);
}
