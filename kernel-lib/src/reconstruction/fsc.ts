import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { fft3Real, frequency, halfWidth } from "../fourier/fft";
import { checkSameGrid } from "../maps/grid";
import type { Volume } from "../maps/volume";

/** A Fourier shell correlation, one value for each shell 0, 1, …, ⌊n/2⌋ with n the voxels along the map's longest axis. */
export interface FscCurve {
  /** Shell radius in Fourier pixels. */
  shell: Int32Array;
  /** In 1/Å. */
  frequency: Float64Array;
  /** In Å; infinite for shell 0. */
  resolution: Float64Array;
  /** Correlation, −1 to 1. */
  fsc: Float64Array;
}

/** Options of {@link fourierShellCorrelation}. */
export interface FscOptions {
  /** Multiplied to both maps first. Default: none. */
  mask?: Volume;
  /** What to call the two maps in errors, such as their files. */
  names?: readonly [string, string];
}

/**
 * Fourier shell correlation of two maps, Re Σ A·B* / √(Σ|A|² Σ|B|²) over the samples of each shell (|k| rounded).
 * A shell without signal in either map has correlation 0.
 *
 * @throws InputError when the maps, or the mask, differ in size or voxel size, or values are too large to be transformed
 * @example
 * ```ts
 * const [half1, half2] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const curve = e2.reconstruction.fsc(half1, half2, { mask: await e2.maps.readMask("mask.mrc") });
 * ```
 */
export function fourierShellCorrelation(a: Volume, b: Volume, options: FscOptions = {}): FscCurve {
  const [nameA, nameB] = options.names ?? ["first map", "second map"];
  checkSameGrid(a, b, nameA, nameB);
  if (options.mask) checkSameGrid(a, options.mask, nameA, "mask");
  const mask = options.mask?.data;
  const fa = fft3Real(masked(a.data, mask), a.size);
  const fb = fft3Real(masked(b.data, mask), b.size);

  const [nx, ny, nz] = a.size;
  const longest = Math.max(nx, ny, nz);
  const shells = Math.floor(longest / 2) + 1;
  const cross = new Float64Array(shells);
  const powerA = new Float64Array(shells);
  const powerB = new Float64Array(shells);
  const squareX = Float64Array.from({ length: halfWidth(nx) }, (_, x) => ((x * longest) / nx) ** 2);
  for (let z = 0, i = 0; z < nz; z++) {
    const squareZ = ((frequency(z, nz) * longest) / nz) ** 2;
    for (let y = 0; y < ny; y++) {
      const squareYZ = ((frequency(y, ny) * longest) / ny) ** 2 + squareZ;
      for (let x = 0; x < squareX.length; x++, i += 2) {
        const shell = Math.round(Math.sqrt(squareX[x]! + squareYZ));
        if (shell >= shells) continue;
        const times = x === 0 || 2 * x === nx ? 1 : 2;
        const [aRe, aIm, bRe, bIm] = [fa[i]!, fa[i + 1]!, fb[i]!, fb[i + 1]!];
        cross[shell]! += times * (aRe * bRe + aIm * bIm);
        powerA[shell]! += times * (aRe * aRe + aIm * aIm);
        powerB[shell]! += times * (bRe * bRe + bIm * bIm);
      }
    }
  }
  const fsc = cross.map((sum, r) => (sum === 0 ? 0 : sum / Math.sqrt(powerA[r]! * powerB[r]!)));
  if (!fsc.every(Number.isFinite)) {
    const name = powerA.every(Number.isFinite) ? nameB : nameA;
    throw new InputError(name, "values whose Fourier transform is finite", "larger ones");
  }
  return curveOf(fsc, longest * a.apix);
}

function masked(data: Float32Array, mask: Float32Array | undefined): Float32Array {
  return mask ? data.map((value, i) => value * mask[i]!) : data;
}

function curveOf(fsc: Float64Array, boxLength: number): FscCurve {
  const shell = Int32Array.from(fsc, (_, r) => r);
  return {
    shell,
    frequency: Float64Array.from(shell, (r) => r / boxLength),
    resolution: Float64Array.from(shell, (r) => boxLength / r),
    fsc,
  };
}

/**
 * The resolution in Å at which a curve first falls below a threshold (0.143, 0.5, …), interpolated linearly in
 * frequency between shells. Shell 0 is ignored. A curve that never falls below the threshold gives the resolution of its
 * last shell, one that starts below it infinity.
 * @example
 * ```ts
 * const [half1, half2] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const resolution = e2.reconstruction.resolutionAt(e2.reconstruction.fsc(half1, half2), 0.143);
 * ```
 */
export function resolutionAt(curve: FscCurve, threshold: number): number {
  const { fsc, frequency, resolution } = curve;
  for (let r = 1; r < fsc.length; r++) {
    if (fsc[r]! >= threshold) continue;
    if (r === 1) return Number.POSITIVE_INFINITY;
    const part = (fsc[r - 1]! - threshold) / (fsc[r - 1]! - fsc[r]!);
    return 1 / (frequency[r - 1]! + part * (frequency[r]! - frequency[r - 1]!));
  }
  return resolution[fsc.length - 1]!;
}

/**
 * The correlation of the full map with another one from as many particles, from that of its half maps: 2·FSC/(1 + FSC)
 * (Rosenthal and Henderson, J. Mol. Biol. 333, 721, 2003). The threshold 0.143 includes this conversion already and
 * applies to half maps only.
 * @example
 * ```ts
 * const [half1, half2] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const full = e2.reconstruction.halfMapsToFull(e2.reconstruction.fsc(half1, half2));
 * ```
 */
export function halfMapsToFull(curve: FscCurve): FscCurve {
  return { ...curve, fsc: curve.fsc.map((value) => (2 * value) / (1 + value)) };
}

const header = "shell\tfrequency(1/A)\tresolution(A)\tfsc";

/**
 * A curve as text: a line of column names, then one line per shell, tab-separated.
 * @param file what to call it in errors
 * @throws InputError if a correlation is not finite
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const text = e2.reconstruction.formatFsc(e2.reconstruction.fsc(map, e2.maps.lowPass(map, 20)));
 * ```
 */
export function formatFsc(curve: FscCurve, file = "FSC table"): string {
  const lines = Array.from(curve.shell, (shell, i) => {
    const resolution = curve.resolution[i]!;
    return [
      shell,
      curve.frequency[i]!.toFixed(6),
      Number.isFinite(resolution) ? resolution.toFixed(4) : "inf",
      finiteText(curve.fsc[i]!, 6, file, `shell ${shell}`),
    ].join("\t");
  });
  return `${[header, ...lines].join("\n")}\n`;
}

/**
 * Parses the text made by {@link formatFsc}.
 * @param file what to call it in errors
 * @throws InputError naming the line
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const curve = e2.reconstruction.parseFsc(e2.reconstruction.formatFsc(e2.reconstruction.fsc(map, map)));
 * ```
 */
export function parseFsc(text: string, file = "FSC table"): FscCurve {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.trim() !== header) {
    throw new InputError(
      `${file}: line 1`,
      `"${header.replaceAll("\t", " ")}"`,
      `"${lines[0]?.slice(0, 60)}"`,
    );
  }
  const rows: number[][] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line === "") continue;
    const values = line
      .split(/\s+/)
      .map((word) => (word === "inf" ? Number.POSITIVE_INFINITY : Number(word)));
    if (values.length !== 4 || values.some(Number.isNaN)) {
      throw new InputError(`${file}: line ${i + 1}`, "four numbers", `"${line.slice(0, 60)}"`);
    }
    rows.push(values);
  }
  const column = (c: number) => Float64Array.from(rows, (row) => row[c]!);
  return {
    shell: Int32Array.from(rows, (row) => row[0]!),
    frequency: column(1),
    resolution: column(2),
    fsc: column(3),
  };
}

/**
 * Reads an FSC table from a file, such as the command line writes; see {@link parseFsc}.
 * @throws InputError naming the file, and the line if known
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * const map = await e2.maps.read("consensus.mrc");
 * writeFileSync("fsc.txt", e2.reconstruction.formatFsc(e2.reconstruction.fsc(map, map)));
 * const curve = await e2.reconstruction.readFsc("fsc.txt");
 * ```
 */
export async function readFsc(file: string): Promise<FscCurve> {
  return parseFsc(await readFile(file, "utf8"), file);
}
