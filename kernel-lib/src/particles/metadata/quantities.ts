/** Limits of a quantity of CTF, optics or poses, independent of the program that wrote it. */
export interface Quantity {
  /** Columns of RELION. */
  relion: readonly string[];
  /** Field of cryoSPARC. */
  cryosparc: string;
  /** Name in messages, with its article. */
  name: string;
  /** Smallest allowed value. */
  least: number;
  /** Largest allowed value. */
  most: number;
  /** Wider limits for particles recorded with a phase plate. */
  withPhasePlate?: { least: number; most: number };
  /** A range within the limits, ends excluded, that is not allowed either. */
  except?: { from: number; to: number };
  unit?: string;
  integer?: boolean;
  /** The most likely mistake, from the value that was found. */
  hint?: (found: number) => string | undefined;
}

const missing = "0 is what programs write for an unknown value";
const when = (holds: boolean, hint: string) => (holds ? hint : undefined);

/** The limits, in the units of the library. Values outside make every result wrong or NaN. */
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
    name: "an image size",
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
    // 0.5 to 6 mm written in m. Cs-corrected microscopes have 0, 0.001 or 0.01 mm.
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
    // Particles recorded with a phase plate close to focus may be refined to the other side of it.
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
    hint: (v) => when(v === 0, "images multiplied by 0 show nothing"),
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
    // Beyond a full turn the unit is wrong.
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

/** Name of a checked quantity. */
export type QuantityName = keyof typeof quantities;
