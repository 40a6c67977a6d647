import { InputError } from "../../errors";
import { fft3Real, frequency, halfWidth, ifft3Real, type Size3, shiftOrigin } from "../../fourier/fft";
import { resizeVolume } from "../../maps/resize";
import type { Volume } from "../../maps/volume";

/** Voxels along the longest edge of what is sent to a page; 128³ of them in 16 bits are 4.2 MB. */
const MOST_VOXELS = 128;

/** A map in the form in which it is sent to be drawn. */
export interface DisplayedMap {
  size: [number, number, number];
  /** Å per voxel of the map as it is drawn. */
  apix: number;
  /** Place of voxel (0, 0, 0) in Å, where voxel ⌊n/2⌋ of each axis of the map given is the origin. */
  origin: [number, number, number];
  /** Steps of 1/65535 from `low` to `high`, [z][y][x]. */
  data: Uint16Array;
  low: number;
  high: number;
  /** Of the map given, in its units. */
  mean: number;
  sigma: number;
  /** What the user should know, in words; empty where the map is drawn as it is. */
  note: string;
}

/**
 * A map as it is drawn: of at most 128 voxels along each edge, cropped in Fourier space where it has more, and in 16
 * bits. Its places in Å stay what they are.
 *
 * @param name what errors call the map
 * @param edge of the box of the model beside which it is drawn, in Å
 * @throws InputError for a map without voxels, with values that are no numbers, or whose size and data do not agree
 */
export function displayedMap(volume: Volume, name: string, edge?: number): DisplayedMap {
  checkVolume(volume, name);
  const { mean, sigma } = spread(volume.data);
  const longest = Math.max(...volume.size);
  const notes: string[] = [];
  let shown = volume;
  if (longest > MOST_VOXELS) {
    const apix = (volume.apix * longest) / MOST_VOXELS;
    const size = volume.size.map((n) => Math.max(1, Math.round((n * volume.apix) / apix)));
    const cube = volume.size.every((n) => n === longest);
    shown = cube
      ? croppedCube(volume)
      : resizeVolume(volume, { size: size as [number, number, number], apix });
    notes.push(
      `drawn with ${shown.size.join(" × ")} of its ${volume.size.join(" × ")} voxels ` +
        `(${apix.toFixed(2)} Å instead of ${volume.apix.toFixed(2)} Å)`,
    );
  }
  if (edge !== undefined) {
    const edges = volume.size.map((n) => n * volume.apix);
    if (edges.some((e) => Math.abs(e - edge) > 5e-3 * edge)) {
      notes.push(
        `its box of ${edges.map((e) => e.toFixed(0)).join(" × ")} Å is not the model's of ${edge.toFixed(0)} Å; ` +
          "both are drawn at their true sizes, middle on middle",
      );
    }
  }
  const origin = shown.size.map((n) => -Math.floor(n / 2) * shown.apix) as [number, number, number];
  return {
    ...quantised(shown.data),
    size: [...shown.size],
    apix: shown.apix,
    origin,
    mean,
    sigma,
    note: notes.join("; "),
  };
}

/**
 * A cube with {@link MOST_VOXELS} along each edge and the same box, by way of its transform: what `resizeVolume` does for
 * any size, in a tenth of the time. Frequencies from the new Nyquist frequency on are left out.
 */
function croppedCube({ data, size: [n], apix }: Volume): Volume {
  const m = MOST_VOXELS;
  const [from, to]: [Size3, Size3] = [
    [n, n, n],
    [m, m, m],
  ];
  const whole = fft3Real(data, from);
  shiftOrigin(whole, from, "toCentre");
  const cropped = new Float32Array(2 * halfWidth(m) * m * m);
  const row = 2 * (halfWidth(m) - 1);
  const there = (i: number) => (frequency(i, m) + n) % n;
  for (let z = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      if (2 * z === m || 2 * y === m) continue;
      const start = 2 * halfWidth(n) * (there(y) + n * there(z));
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
  if (data.length !== voxels)
    throw new InputError(name, `${voxels} values for ${size.join(" × ")}`, String(data.length));
  if (!(apix > 0 && Number.isFinite(apix))) {
    throw new InputError(name, "a voxel size in Å above 0", String(apix));
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`${name}: voxel ${bad + 1}`, "a finite number", String(data[bad]));
}

function spread(data: Float32Array): { mean: number; sigma: number } {
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let square = 0;
  for (const value of data) square += (value - mean) ** 2;
  return { mean, sigma: Math.sqrt(square / data.length) };
}

/** Values in steps of 1/65535 between the lowest and the highest. */
export function quantised(values: ArrayLike<number>): { data: Uint16Array; low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  const data = new Uint16Array(values.length);
  const scale = high > low ? 65535 / (high - low) : 0;
  for (let i = 0; i < values.length; i++) data[i] = Math.round((values[i]! - low) * scale);
  return { data, low: Number.isFinite(low) ? low : 0, high: Number.isFinite(high) ? high : 0 };
}
