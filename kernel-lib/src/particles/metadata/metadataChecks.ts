import { InputError } from "../../errors";

/** What a number of CTF, optics or poses can be, whatever program wrote it. */
export interface Quantity {
  /** Column of RELION and field of cryoSPARC; those of a pair share the entry. */
  relion: readonly string[];
  cryosparc: string;
  /** As an error calls it. */
  name: string;
  least: number;
  most: number;
  /** Wider limits for particles of a phase plate. */
  withPhasePlate?: { least: number; most: number };
  /** Values inside the limits that are a mistake nevertheless, both ends excluded. */
  except?: { from: number; to: number };
  unit?: string;
  integer?: boolean;
  /** What most likely went wrong, by the value that was found. */
  hint?: (found: number) => string | undefined;
}

const missing = "0 is what programs write for a value that they do not know";
const when = (holds: boolean, hint: string) => (holds ? hint : undefined);

/** The limits, in the units of the library. Anything outside makes every result wrong, or not a number. */
export const quantities = {
  apix: {
    relion: ["_rlnImagePixelSize"],
    cryosparc: "blob/psize_A",
    name: "a pixel size",
    least: 0.05,
    most: 100,
    unit: "Å",
    hint: () => "--apix, in a notebook `apix`, gives the right one",
  },
  boxSize: {
    relion: ["_rlnImageSize"],
    cryosparc: "blob/shape",
    name: "an edge",
    least: 2,
    most: 32768,
    unit: "pixels",
    integer: true,
  },
  voltage: {
    relion: ["_rlnVoltage"],
    cryosparc: "ctf/accel_kv",
    name: "a voltage",
    least: 10,
    most: 1000,
    unit: "kV",
    hint: (v) => when(v >= 1e4, "V instead of kV?") ?? when(v === 0, missing),
  },
  sphericalAberration: {
    relion: ["_rlnSphericalAberration"],
    cryosparc: "ctf/cs_mm",
    name: "a spherical aberration",
    least: -1,
    most: 10,
    // 0.5 to 6 mm written in m. Corrected microscopes are given as 0, 0.001 or 0.01 mm.
    except: { from: 0.001, to: 0.0065 },
    unit: "mm",
    hint: (v) => when(v > 0.001 && v < 0.0065, "m instead of mm?") ?? when(v > 100, "µm instead of mm?"),
  },
  amplitudeContrast: {
    relion: ["_rlnAmplitudeContrast"],
    cryosparc: "ctf/amp_contrast",
    name: "an amplitude contrast",
    least: 0,
    most: 1,
    hint: (v) => when(v > 1 && v <= 100, "percent instead of a fraction?"),
  },
  defocus: {
    relion: ["_rlnDefocusU", "_rlnDefocusV"],
    cryosparc: "ctf/df1_A",
    name: "a defocus",
    // Local refinement takes particles of a phase plate, recorded close to focus, to the other side of it.
    least: 20,
    most: 200_000,
    withPhasePlate: { least: -20_000, most: 200_000 },
    unit: "Å",
    hint: (v) =>
      when(v < 0, "underfocus is positive") ?? when(v === 0, missing) ?? when(v < 20, "µm instead of Å?"),
  },
  defocusAngle: {
    relion: ["_rlnDefocusAngle"],
    cryosparc: "ctf/df_angle_rad",
    name: "an angle",
    least: -3600,
    most: 3600,
    unit: "°",
  },
  phaseShift: {
    relion: ["_rlnPhaseShift"],
    cryosparc: "ctf/phase_shift_rad",
    name: "a phase shift",
    least: -360,
    most: 360,
    unit: "°",
  },
  bFactor: {
    relion: ["_rlnCtfBfactor"],
    cryosparc: "ctf/bfactor",
    name: "a B factor",
    least: -2000,
    most: 2000,
    unit: "Å²",
  },
  scale: {
    relion: ["_rlnCtfScalefactor"],
    cryosparc: "ctf/scale",
    name: "a scale factor",
    least: 0.001,
    most: 100,
    hint: (v) => when(v === 0, "an image that is multiplied by 0 shows nothing"),
  },
  angle: {
    relion: ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"],
    cryosparc: "",
    name: "an angle",
    least: -3600,
    most: 3600,
    unit: "°",
  },
  rotationVector: {
    relion: [],
    cryosparc: "alignments3D/pose",
    name: "a rotation vector",
    // Beyond a full turn it is another unit.
    least: -6.3,
    most: 6.3,
    unit: "rad",
    hint: (v) => when(Math.abs(v) > 6.3, "degrees instead of radians?"),
  },
  origin: {
    relion: ["_rlnOriginXAngst", "_rlnOriginYAngst"],
    cryosparc: "",
    name: "an origin",
    least: -10_000,
    most: 10_000,
    unit: "Å",
  },
  pixelOrigin: {
    relion: ["_rlnOriginX", "_rlnOriginY"],
    cryosparc: "alignments3D/shift",
    name: "a shift",
    least: -10_000,
    most: 10_000,
    unit: "pixels",
  },
  sign: {
    relion: [],
    cryosparc: "blob/sign",
    name: "a sign",
    least: -1,
    most: 1,
    except: { from: -1, to: 1 },
  },
  randomSubset: {
    relion: ["_rlnRandomSubset"],
    cryosparc: "alignments3D/split",
    name: "a half set",
    least: 1,
    most: 2,
    integer: true,
  },
} satisfies Record<string, Quantity>;

export type QuantityName = keyof typeof quantities;

/** One column of a particle file, or of its optics, as it is to be checked. */
export interface Measured {
  quantity: QuantityName;
  /** In the units of the library, `width` numbers in each row. */
  values: ArrayLike<number>;
  /** Default 1. */
  width?: number;
  /** File, row and column of a value's row. */
  where: (row: number) => string;
  /** What the file has for a value of the library; default the same. */
  inFile?: (value: number) => number;
  /** The unit of the file, where it is another than that of {@link quantities}. */
  unit?: string;
  /** Phase shift of each row in degrees: with one the limits of a phase plate hold. */
  phaseShift?: ArrayLike<number> | undefined;
}

/** Degrees of phase shift above which a particle counts as recorded with a phase plate. */
const PHASE_PLATE = 5;

/**
 * Holds every number of CTF, optics and poses against {@link quantities}.
 * @throws InputError for the first that is not finite or outside its limits: file, row, column, limits and value
 */
export function checkMetadata(columns: Iterable<Measured>): void {
  for (const column of columns) {
    const quantity: Quantity = quantities[column.quantity];
    const { values, width = 1, phaseShift } = column;
    const { withPhasePlate: wider } = quantity;
    for (let i = firstOutside(values, quantity, 0); i < values.length; ) {
      const row = Math.floor(i / width);
      const ofPhasePlate = Math.abs(phaseShift?.[row] ?? 0) >= PHASE_PLATE;
      if (!ofPhasePlate || !wider || !(values[i]! >= wider.least && values[i]! <= wider.most)) {
        refuse(column, quantity, row, values[i]!);
      }
      i = firstOutside(values, quantity, i + 1);
    }
  }
}

/** Place of the first value from `start` on that a quantity cannot have, or the length. Apart, since it sees every number. */
function firstOutside(
  values: ArrayLike<number>,
  { least, most, except, integer }: Quantity,
  start: number,
): number {
  const { length } = values;
  const [from, to] = except ? [except.from, except.to] : [0, 0];
  for (let i = start; i < length; i++) {
    const value = values[i]!;
    // NaN is inside of no limits
    if (!(value >= least && value <= most) || (value > from && value < to)) return i;
    if (integer && !Number.isInteger(value)) return i;
  }
  return length;
}

function refuse(column: Measured, quantity: Quantity, row: number, value: number): never {
  if (!Number.isFinite(value)) throw new InputError(column.where(row), "a finite number", String(value));
  const { inFile = (x: number) => x } = column;
  const { name, least, most, hint } = quantity;
  const unit = column.unit ?? quantity.unit;
  const limits = `${number(inFile(least))} to ${number(inFile(most))}${unit ? ` ${unit}` : ""}`;
  const why = hint?.(value);
  throw new InputError(
    column.where(row),
    hasTwoValues(quantity)
      ? `${name}, ${inFile(least)} or ${inFile(most)}`
      : `${name} of ${limits}${quantity.integer ? ", a whole number" : ""}`,
    `${number(inFile(value))}${why ? ` (${why})` : ""}`,
  );
}

function hasTwoValues({ integer, except, least, most }: Quantity): boolean {
  return except ? except.from === least && except.to === most : integer === true && most - least === 1;
}

function number(value: number): string {
  if (Math.abs(value) >= 1000 && Math.abs(value) < 1e15)
    return value.toLocaleString("en", { maximumFractionDigits: 3 });
  return String(Number(value.toPrecision(6)));
}
