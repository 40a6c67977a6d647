import { InputError } from "../../errors";
import { fft3Real, frequency, halfWidth, ifft3Real, type Size3, shiftOrigin } from "../../fourier/fft";
import { type CubicBox, hasSameBoxLength } from "../../maps/grid";
import { resizeVolume } from "../../maps/resize";
import type { Volume } from "../../maps/volume";
import { boxLengthOf } from "../../model/gaussianModel";
import { type Quantised, quantise } from "./quantise";

/** Voxels along the longest edge of a map sent to a page; 128³ voxels of 16 bits are 4.2 MB. */
const maxVoxels = 128;

/** A map as sent to a page: values [z][y][x] in 16 bits. */
export interface DisplayedMap extends Quantised {
  /** Voxels along x, y, z. */
  size: [number, number, number];
  /** Å per voxel of the drawn map. */
  apix: number;
  /** Position of voxel (0, 0, 0) in Å, from voxel ⌊n/2⌋ of each axis of the given map. */
  origin: [number, number, number];
  /** Mean and standard deviation of the given map. */
  mean: number;
  sigma: number;
  /** Note for the user; empty if the map is drawn unchanged. */
  note: string;
}

/**
 * Prepares a map for drawing: at most 128 voxels along each edge, Fourier-cropped if it has more, positions in Å unchanged.
 *
 * @param name name of the map in errors
 * @param box  of the model that it is drawn with; the note reports different lengths in Å
 * @throws InputError for a map without voxels, with values that are not finite, or whose size and data do not agree
 */
export function displayedMap(volume: Volume, name: string, box?: CubicBox): DisplayedMap {
  checkVolume(volume, name);
  const shown = Math.max(...volume.size) > maxVoxels ? reduced(volume) : volume;
  const notes = [
    ...(shown === volume ? [] : [reductionNote(volume, shown)]),
    ...(box === undefined || hasSameBoxLength(volume, box) ? [] : [boxNote(volume, box)]),
  ];
  const origin = shown.size.map((n) => -Math.floor(n / 2) * shown.apix) as [number, number, number];
  return {
    ...quantise(shown.data),
    size: [...shown.size],
    apix: shown.apix,
    origin,
    ...statistics(volume.data),
    note: notes.join("; "),
  };
}

/** The volume with {@link maxVoxels} along its longest edge. */
function reduced(volume: Volume): Volume {
  const longest = Math.max(...volume.size);
  if (volume.size.every((n) => n === longest)) return croppedCube(volume);
  const apix = (volume.apix * longest) / maxVoxels;
  const size = volume.size.map((n) => Math.max(1, Math.round((n * volume.apix) / apix)));
  return resizeVolume(volume, { size: size as [number, number, number], apix });
}

function reductionNote(volume: Volume, shown: Volume): string {
  return (
    `drawn with ${shown.size.join(" × ")} of its ${volume.size.join(" × ")} voxels ` +
    `(${shown.apix.toFixed(2)} Å instead of ${volume.apix.toFixed(2)} Å)`
  );
}

function boxNote(volume: Volume, box: CubicBox): string {
  const lengths = volume.size.map((n) => (n * volume.apix).toFixed(0)).join(" × ");
  return (
    `its box (${lengths} Å) differs from the model's (${boxLengthOf(box).toFixed(0)} Å); ` +
    "both are drawn at true size with their centres aligned"
  );
}

/**
 * A cube with {@link maxVoxels} along each edge and the same box, cropped in Fourier space: the result of `resizeVolume` in a
 * tenth of the time. Frequencies from the new Nyquist frequency are left out.
 */
function croppedCube({ data, size: [n], apix }: Volume): Volume {
  const m = maxVoxels;
  const [from, to]: [Size3, Size3] = [
    [n, n, n],
    [m, m, m],
  ];
  const whole = fft3Real(data, from);
  shiftOrigin(whole, from, "toCentre");
  const cropped = new Float32Array(2 * halfWidth(m) * m * m);
  const row = 2 * (halfWidth(m) - 1);
  const source = (i: number) => (frequency(i, m) + n) % n;
  for (let z = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      if (2 * z === m || 2 * y === m) continue;
      const start = 2 * halfWidth(n) * (source(y) + n * source(z));
      cropped.set(whole.subarray(start, start + row), 2 * halfWidth(m) * (y + m * z));
    }
  }
  shiftOrigin(cropped, to, "toCorner");
  const shown = ifft3Real(cropped, to);
  const scale = (m / n) ** 3;
  for (let i = 0; i < shown.length; i++) shown[i]! *= scale;
  return { data: shown, size: [m, m, m], apix: (apix * n) / m };
}

function checkVolume({ data, size, apix }: Volume, name: string): void {
  const voxels = size[0] * size[1] * size[2];
  if (!size.every((n) => Number.isInteger(n) && n > 0)) {
    throw new InputError(name, "a map with voxels along each axis", size.join(" × "));
  }
  if (data.length !== voxels) {
    throw new InputError(name, `${voxels} values for ${size.join(" × ")}`, String(data.length));
  }
  if (!(apix > 0 && Number.isFinite(apix))) {
    throw new InputError(name, "a voxel size in Å above 0", String(apix));
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`${name}: voxel ${bad + 1}`, "a finite number", String(data[bad]));
}

function statistics(data: Float32Array): { mean: number; sigma: number } {
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  return { mean, sigma: Math.sqrt(squares / data.length) };
}
