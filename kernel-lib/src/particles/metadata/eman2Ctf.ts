import { ctfNames, type Eman2Ctf } from "./eman2Values";

/** CTF parameters of many rows, some of which may have none: as numbers, since a million of dictionaries would take a quarter of a gigabyte. */
export class CtfTable {
  /** [count · 8]; NaN for rows without; undefined until the first row has a CTF. */
  private numbers: Float64Array | undefined;

  constructor(
    /** Number of rows. */
    readonly count: number,
  ) {}

  set(row: number, ctf: Eman2Ctf): void {
    this.numbers ??= new Float64Array(ctfNames.length * this.count).fill(Number.NaN);
    for (const [k, name] of ctfNames.entries()) this.numbers[ctfNames.length * row + k] = ctf[name];
  }

  /** Whether a row has a CTF. */
  has(row: number): boolean {
    return this.numbers !== undefined && !Number.isNaN(this.numbers[ctfNames.length * row]!);
  }

  /** The CTF of a row; undefined if it has none. */
  of(row: number): Eman2Ctf | undefined {
    if (!this.has(row)) return undefined;
    const [defocus, dfdiff, dfang, bfactor, ampcont, voltage, cs, apix] = this.numbers!.subarray(
      ctfNames.length * row,
      ctfNames.length * (row + 1),
    ) as unknown as [number, number, number, number, number, number, number, number];
    return { defocus, dfdiff, dfang, bfactor, ampcont, voltage, cs, apix };
  }
}
