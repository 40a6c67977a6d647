import { InputError } from "../errors";

/** A row of the optics table of a RELION 3.1 STAR file. */
export interface OpticsRow {
  /** Default `opticsGroup1`, …. Blanks, which RELION cannot read there, become underscores. */
  name?: string;
  /** kV. */
  voltage: number;
  /** mm. */
  sphericalAberration: number;
  /** A fraction. */
  amplitudeContrast: number;
  /** Å per pixel. */
  apix: number;
  /** Size of the images in pixels. */
  boxSize: number;
  /** Whether images are phase flipped. Default false. */
  phaseFlipped?: boolean;
  /** Whether images are multiplied by their CTF. Default false. */
  ctfPremultiplied?: boolean;
}

/** RELION requires the microscope even for images without CTF. */
export const noMicroscope = { voltage: 300, sphericalAberration: 2.7, amplitudeContrast: 0.1 } as const;

type Microscope = Pick<OpticsRow, "voltage" | "sphericalAberration" | "amplitudeContrast">;

/** One optics group per microscope, numbered from 1. */
export class OpticsGroups {
  readonly microscopes: Microscope[] = [];
  private readonly numbers = new Map<string, number>();

  number({ voltage, sphericalAberration, amplitudeContrast }: Microscope): number {
    const key = `${voltage} ${sphericalAberration} ${amplitudeContrast}`;
    const number =
      this.numbers.get(key) ?? this.microscopes.push({ voltage, sphericalAberration, amplitudeContrast });
    this.numbers.set(key, number);
    return number;
  }
}

/**
 * The start of a RELION 3.1 STAR file up to the rows of the particles: the optics table, with groups numbered from 1, and the
 * labels of the particle table.
 * @param columns labels of the particle table, without underscore
 */
export function relionStarHead(optics: readonly OpticsRow[], columns: readonly string[]): string {
  const labels = [
    "rlnOpticsGroupName",
    "rlnOpticsGroup",
    "rlnVoltage",
    "rlnSphericalAberration",
    "rlnAmplitudeContrast",
    "rlnImagePixelSize",
    "rlnImageSize",
    "rlnImageDimensionality",
  ];
  const flipped = optics.some((group) => group.phaseFlipped);
  const multiplied = optics.some((group) => group.ctfPremultiplied);
  if (flipped) labels.push("rlnCtfDataArePhaseFlipped");
  if (multiplied) labels.push("rlnCtfDataAreCtfPremultiplied");
  const rows = optics.map((group, i) => {
    const { voltage, sphericalAberration, amplitudeContrast, apix, boxSize } = group;
    const name = group.name?.replace(/\s+/g, "_") || `opticsGroup${i + 1}`;
    const row = [name, i + 1, voltage, sphericalAberration, amplitudeContrast, apix, boxSize, 2];
    if (flipped) row.push(group.phaseFlipped ? 1 : 0);
    if (multiplied) row.push(group.ctfPremultiplied ? 1 : 0);
    return `${row.join(" ")}\n`;
  });
  return `\ndata_optics\n\n${loopHead(labels)}${rows.join("")}\ndata_particles\n\n${loopHead(columns)}`;
}

function loopHead(labels: readonly string[]): string {
  return `loop_\n${labels.map((label, i) => `_${label} #${i + 1}\n`).join("")}`;
}

/**
 * A number with six decimals, as RELION writes it; small ones in scientific notation.
 * @throws InputError if it is NaN or infinite
 */
export function starNumber(value: number): string {
  if (!Number.isFinite(value))
    throw new InputError("value for a STAR file", "a finite number", String(value));
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(6);
  const text = value.toFixed(6);
  return Number.isInteger(value) ? String(value) : text;
}

/**
 * A value of a row, quoted if necessary.
 * @throws InputError for text that cannot be written in a row
 */
export function starWord(word: string): string {
  if (/^[^\s#"'_;][^\s]*$/.test(word) && !/^(data|loop|save|global|stop)_/i.test(word)) return word;
  const quote = /"(\s|$)/.test(word) ? "'" : '"';
  if (/[\r\n\0]/.test(word) || (quote === "'" && /'(\s|$)/.test(word))) {
    throw new InputError("value for a STAR file", "a word on one line", JSON.stringify(word));
  }
  return quote + word + quote;
}
