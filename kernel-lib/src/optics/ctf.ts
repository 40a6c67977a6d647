import { doseEnvelope } from "./dose";

/**
 * Parameters of the contrast transfer function of one image, as RELION defines it:
 * √(1 − Q²)·sin χ + Q·cos χ with χ = π λ Δf s² − ½ π Cs λ³ s⁴ + φ, positive in its first lobe for white particles.
 */
export interface Ctf {
  /** Defocus along the axis at `angle`, in Å; positive for underfocus. */
  defocusU: number;
  /** Defocus perpendicular to that axis, in Å. */
  defocusV: number;
  /** Angle of the astigmatism from the x axis towards the y axis, in degrees. */
  angle: number;
  /** Phase shift of a phase plate, in degrees. */
  phaseShift: number;
  /** Voltage in kV. */
  voltage: number;
  /** Spherical aberration Cs in mm. */
  sphericalAberration: number;
  /** Amplitude contrast Q, a fraction. */
  amplitudeContrast: number;
  /** B factor in Å² of the envelope exp(−B s²/4); 0 for none. */
  bFactor: number;
  /** Scale factor of the whole function; 1 for none. */
  scale: number;
  /** Exposure before and during the image, in e/Å²: the amplitude falls as in `doseEnvelope`. Default: no damage. */
  dose?: number;
}

const degree = Math.PI / 180;

/**
 * Relativistic wavelength of electrons in Å, with RELION's constants.
 * @param voltage in kV
 * @example
 * ```ts
 * e2.optics.electronWavelength(300); // 0.0197 Å
 * ```
 */
export function electronWavelength(voltage: number): number {
  const volts = 1000 * voltage;
  return 12.2643247 / Math.sqrt(volts * (1 + 0.978466e-6 * volts));
}

/**
 * Evaluates one CTF at many spatial frequencies. Terms that do not depend on the frequency are computed once:
 * χ = x²·a + y²·b + 2xy·c + s⁴·d + e, with (x, y) in 1/Å.
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const ctf = particles.ctf(0);
 * if (ctf) console.log(new e2.optics.CtfEvaluator(ctf).at(0.1, 0)); // at 10 Å
 * ```
 */
export class CtfEvaluator {
  private readonly xx: number;
  private readonly yy: number;
  private readonly xy: number;
  private readonly fourth: number;
  private readonly constant: number;
  private readonly decay: number;
  private readonly scale: number;
  private readonly dose: number;
  private readonly voltage: number;

  /** @param ctf its parameters; later changes of the object have no effect */
  constructor(ctf: Ctf) {
    const lambda = electronWavelength(ctf.voltage);
    const mean = (ctf.defocusU + ctf.defocusV) / 2;
    const half = (ctf.defocusU - ctf.defocusV) / 2;
    // cos 2(θ − angle) s² = (x² − y²) cos 2·angle + 2xy sin 2·angle
    const cos = Math.cos(2 * ctf.angle * degree);
    const sin = Math.sin(2 * ctf.angle * degree);
    this.xx = Math.PI * lambda * (mean + half * cos);
    this.yy = Math.PI * lambda * (mean - half * cos);
    this.xy = Math.PI * lambda * half * sin;
    this.fourth = -0.5 * Math.PI * ctf.sphericalAberration * 1e7 * lambda ** 3;
    // √(1 − Q²)·sin χ + Q·cos χ = sin(χ + asin Q)
    this.constant = ctf.phaseShift * degree + Math.asin(ctf.amplitudeContrast);
    this.decay = -ctf.bFactor / 4;
    this.scale = ctf.scale;
    this.dose = ctf.dose ?? 0;
    this.voltage = ctf.voltage;
  }

  /** The argument of the sine, χ + asin Q, in radians at the frequency (x, y) in 1/Å. */
  phase(x: number, y: number): number {
    const s2 = x * x + y * y;
    return x * x * this.xx + y * y * this.yy + 2 * x * y * this.xy + s2 * s2 * this.fourth + this.constant;
  }

  /**
   * Coefficients for integer Fourier pixels (kx, ky): the phase in turns,
   * phase/2π = kx²·xx + ky²·yy + kx·ky·xy + |k|⁴·fourth + constant, and the envelope exp(decay·|k|²), which does not contain the
   * dose.
   * @param boxLength S·apix in Å
   */
  inTurns(boxLength: number): Record<"xx" | "yy" | "xy" | "fourth" | "constant" | "decay", number> {
    const turn = 2 * Math.PI;
    const square = boxLength ** 2;
    return {
      xx: this.xx / turn / square,
      yy: this.yy / turn / square,
      xy: (2 * this.xy) / turn / square,
      fourth: this.fourth / turn / square ** 2,
      constant: this.constant / turn,
      decay: this.decay / square,
    };
  }

  /** The CTF at the frequency (x, y) in 1/Å. */
  at(x: number, y: number): number {
    const gaussian = this.decay === 0 ? 1 : Math.exp(this.decay * (x * x + y * y));
    const envelope =
      this.dose === 0 ? gaussian : gaussian * doseEnvelope(this.dose, Math.hypot(x, y), this.voltage);
    return this.scale * envelope * Math.sin(this.phase(x, y));
  }
}

/**
 * The CTF at Fourier pixel (kx, ky).
 * @param boxLength S·apix in Å
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const ctf = particles.ctf(0);
 * if (ctf) console.log(e2.optics.ctfValue(ctf, 8, 0, particles.boxSize * particles.apix));
 * ```
 */
export function ctfValue(ctf: Ctf, kx: number, ky: number, boxLength: number): number {
  return new CtfEvaluator(ctf).at(kx / boxLength, ky / boxLength);
}
