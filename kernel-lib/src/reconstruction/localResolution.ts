import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { fft3Real, ifft3Real } from "../fourier/fft";
import { shellRadii } from "../fourier/shellRadii";
import { checkSameGrid } from "../maps/grid";
import type { Volume } from "../maps/volume";
import { beginTask, type Progress, type TaskOptions } from "../progress";
import { Random } from "../random";
import { WorkerClient } from "../workerCalls";

/** Options of {@link localResolution}. */
export interface LocalResolutionOptions extends TaskOptions {
  /** Correlation below which a place is no longer resolved. Default 0.143. */
  threshold?: number;
  /** Standard deviation of the Gaussian window, in units of the resolution that is looked at. Default 1. */
  window?: number;
  /** Chance of a place without signal to be called resolved in a band. Default 0.05. */
  falsePositives?: number;
  /** Most bands that are looked at; fewer are faster and coarser. Default 32. */
  bands?: number;
  /** Seed of the displacements that show what noise correlates by chance. Default 1. */
  seed?: number;
}

/** Resolution of every place of a map. */
export interface LocalResolution {
  /** In Å in each voxel of the mask, 0 outside; that of the coarsest band where not even this is resolved. */
  resolution: Volume;
  /** The mean of the half maps, filtered everywhere to what is resolved there, √(2c / (1 + c)) with c the local correlation. */
  filtered: Volume;
  /** Of each band: its resolution in Å, the correlation that is asked for, and the fraction of the mask that is resolved. */
  bands: { resolution: number; threshold: number; resolved: number }[];
}

/**
 * Standard deviation of a band, as a fraction of its frequency: it spreads what it shows over 1 / (2π·0.06) = 2.7 times the resolution. Narrower
 * bands would blur more, wider ones would call a place resolved that is so only at the lower end of the band.
 */
const bandWidth = 0.06;
/** Least standard deviation of a band, in distances between bands. */
const leastWidth = 0.6;
/** Weights of a band below this are 0. */
const negligible = 1e-3;
/** Displacements for the null distribution, at least this part of the box along each axis. */
const leastShift = 0.25;

/**
 * Local resolution from two half maps: in each of a series of overlapping bands of frequency the maps' correlation in a Gaussian window
 * around every voxel, whose width follows the resolution (as the windowed FSC of Cardone et al., J. Struct. Biol. 184, 226, 2013, whose
 * window is a sphere). A place is resolved as far as the correlation is above the threshold, and above what the half maps reach by
 * chance in the same window when one is displaced against the other, in all bands up to there.
 *
 * Takes about ten 3-D transforms a band, for boxes of 64 voxels or more in a thread of its own, and memory of ten maps.
 * @param mask where to look, on the grid of the maps
 * @throws InputError when maps and mask differ in size or voxel size, for maps that are not cubic, and options out of range; StoppedError
 * @example
 * ```ts
 * const [half1, half2] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const mask = e2.maps.sphericalMask(half1, { diameter: 60 });
 * const { resolution, bands } = await e2.reconstruction.localResolution(half1, half2, mask, { bands: 8 });
 * console.log(resolution.size, bands[0].resolved);
 * ```
 */
export async function localResolution(
  half1: Volume,
  half2: Volume,
  mask: Volume,
  options: LocalResolutionOptions = {},
): Promise<LocalResolution> {
  const task = beginTask(options);
  const { threshold = 0.143, window = 1, falsePositives = 0.05, bands = 32, seed = 1 } = task;
  checkRange("threshold", threshold, 1);
  checkRange("falsePositives", falsePositives, 0.5);
  checkRange("window", window, 100);
  if (!Number.isInteger(bands) || bands < 3)
    throw new InputError("bands", "an integer of 3 or more", `${bands}`);
  checkSameGrid(half1, half2, "first half map", "second half map");
  checkSameGrid(half1, mask, "half maps", "mask");
  const [n] = half1.size;
  if (half1.size.some((edge) => edge !== n))
    throw new InputError("half maps", "cubic maps", half1.size.join("×"));
  const centres = bandCentres(n, bands);
  if (centres.length < 2) throw new InputError("half maps", "8 voxels or more along each edge", `${n}`);
  const request = { half1, half2, mask, threshold, window, falsePositives, seed, centres };
  return n < large ? resolveBands(request, task) : inThread(request, task);
}

/** What local resolution is computed from. */
export interface LocalResolutionRequest
  extends Required<Pick<LocalResolutionOptions, "threshold" | "window" | "falsePositives" | "seed">> {
  half1: Volume;
  half2: Volume;
  mask: Volume;
  /** Shells in the middle of the bands. */
  centres: number[];
}

/** Voxels along an edge from which on the event loop would stand still for a tenth of a second. */
const large = 64;

/** {@link resolveBands} in a thread, so that the event loop goes on. */
async function inThread(
  request: LocalResolutionRequest,
  { signal, onProgress }: TaskOptions,
): Promise<LocalResolution> {
  const client = new WorkerClient<LocalResolutionRequest, LocalResolution, Progress>(
    path.join(__dirname, "localResolutionWorker.js"),
    { onDeath: (reason) => new Error(`local resolution: its thread ended, ${reason}`) },
  );
  try {
    return await client.call(request, { signal, onEvent: onProgress });
  } finally {
    await client.close(new Error("local resolution: its thread was ended"));
  }
}

/** Looks at one band after the other, in the calling thread. @throws StoppedError */
export async function resolveBands(
  { half1, half2, mask, threshold, window, falsePositives, seed, centres }: LocalResolutionRequest,
  task: TaskOptions,
): Promise<LocalResolution> {
  const [n] = half1.size;
  const looks = new BandLooks([half1, half2], mask, { window, seed, centres });
  const [data, sum] = [new Float32Array(n ** 3), new Float32Array(n ** 3)];
  const open = mask.data.map((value) => (value >= 0.5 ? 1 : 0));
  const inside = open.reduce((total, value) => total + value, 0);
  const found: LocalResolution["bands"] = [];
  for (const [b, centre] of centres.entries()) {
    throwIfStopped(task.signal);
    const { mean, correlation, chance } = looks.at(centre);
    const needed = Math.max(threshold, quantile(chance, 1 - falsePositives));
    const resolution = (n * half1.apix) / centre;
    let resolved = 0;
    for (let i = 0; i < data.length; i++) {
      if (b === 0 && open[i]) data[i] = resolution;
      if (!open[i]) continue;
      if (correlation[i]! < needed) {
        open[i] = 0;
        continue;
      }
      resolved++;
      data[i] = resolution;
      sum[i]! += mean[i]! * Math.sqrt((2 * correlation[i]!) / (1 + correlation[i]!));
    }
    found.push({ resolution, threshold: needed, resolved: inside > 0 ? resolved / inside : 0 });
    task.onProgress?.({ task: "local resolution", done: b + 1, total: centres.length });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { resolution: { ...half1, data }, filtered: { ...half1, data: sum }, bands: found };
}

function checkRange(name: string, value: number, below: number): void {
  if (!(value > 0 && value < below))
    throw new InputError(name, `a number above 0 and below ${below}`, `${value}`);
}

/** Shells in the middle of the bands, from the second to the last but one within Nyquist. */
function bandCentres(n: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(n / 2 / Math.max(2, most)));
  const centres: number[] = [];
  for (let shell = Math.max(2, step); shell < n / 2; shell += step) centres.push(shell);
  return centres;
}

function quantile(values: Float32Array, fraction: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))]!;
}

/** What two half maps have in common in one band, place by place. */
interface BandLook {
  /** Mean of both in this band. */
  mean: Float32Array;
  /** Their local correlation. */
  correlation: Float32Array;
  /** Local correlations within the mask when one is displaced. */
  chance: Float32Array;
}

/** Half maps in bands of frequency. */
class BandLooks {
  private readonly transforms: [Float32Array, Float32Array];
  private readonly radii: Float32Array;
  private readonly random: Random;
  private readonly n: number;

  constructor(
    halves: readonly [Volume, Volume],
    private readonly mask: Volume,
    private readonly options: { window: number; seed: number; centres: readonly number[] },
  ) {
    this.n = mask.size[0];
    this.transforms = [this.transform(halves[0].data), this.transform(halves[1].data)];
    this.radii = shellRadii(mask.size);
    this.random = new Random(options.seed);
  }

  private transform(data: Float32Array): Float32Array {
    return fft3Real(data, this.mask.size);
  }

  /** One of the bands, which together pass all frequencies between the first and the last unchanged. */
  at(centre: number): BandLook {
    const { transforms, mask, options } = this;
    const { centres } = options;
    const step = centres[1]! - centres[0]!;
    const weight = (r: number, at: number) => {
      const width = Math.max(bandWidth * at, leastWidth * step);
      return Math.exp(-((r - at) ** 2) / (2 * width * width));
    };
    const band = (r: number) => {
      const own = weight(r, centre);
      return own < negligible ? 0 : own / centres.reduce((sum, at) => sum + weight(r, at), 0);
    };
    const [a, b] = transforms.map((half) => this.filtered(half, band)) as [Float32Array, Float32Array];
    const squareA = this.smooth(
      a.map((x) => x * x),
      centre,
    );
    const squareB = this.smooth(
      b.map((x) => x * x),
      centre,
    );
    const cross = this.smooth(
      a.map((x, i) => x * b[i]!),
      centre,
    );
    const shift = this.shift();
    const moved = displaced(b, this.n, shift);
    const chanceCross = this.smooth(
      a.map((x, i) => x * moved[i]!),
      centre,
    );
    const chanceSquare = displaced(squareB, this.n, shift);
    const ratio = (xy: number, xx: number, yy: number) => (xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0);
    const correlation = cross.map((xy, i) => ratio(xy, squareA[i]!, squareB[i]!));
    const chance: number[] = [];
    for (let i = 0; i < mask.data.length; i++)
      if (mask.data[i]! >= 0.5) chance.push(ratio(chanceCross[i]!, squareA[i]!, chanceSquare[i]!));
    return { mean: a.map((x, i) => (x + b[i]!) / 2), correlation, chance: Float32Array.from(chance) };
  }

  private filtered(half: Float32Array, factor: (radius: number) => number): Float32Array {
    const own = new Float32Array(half.length);
    for (let i = 0; i < this.radii.length; i++) {
      const f = factor(this.radii[i]!);
      if (f === 0) continue;
      own[2 * i] = f * half[2 * i]!;
      own[2 * i + 1] = f * half[2 * i + 1]!;
    }
    return ifft3Real(own, this.mask.size);
  }

  /** Mean in a Gaussian window whose standard deviation is that many times the wavelength n / shell. */
  private smooth(values: Float32Array, shell: number): Float32Array {
    const sigma = (this.options.window * this.n) / shell;
    const factor = (r: number) => Math.exp(-2 * ((Math.PI * sigma * r) / this.n) ** 2);
    return this.filtered(this.transform(values), factor);
  }

  /** A random displacement of at least a quarter of the box along each axis, in voxels. */
  private shift(): [number, number, number] {
    const { n, random } = this;
    const one = () => Math.round(n * (leastShift + (1 - 2 * leastShift) * random.uniform()));
    return [one(), one(), one()];
  }
}

/** A cubic map displaced along its axes, with what leaves it coming in on the other side. */
function displaced(
  data: Float32Array,
  n: number,
  [dx, dy, dz]: readonly [number, number, number],
): Float32Array {
  const out = new Float32Array(data.length);
  for (let z = 0, i = 0; z < n; z++)
    for (let y = 0; y < n; y++)
      for (let x = 0; x < n; x++, i++)
        out[i] = data[((x + dx) % n) + n * (((y + dy) % n) + n * ((z + dz) % n))]!;
  return out;
}
