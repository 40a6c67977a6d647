/**
 * Radiation damage: how much of the signal is left after an exposure. The critical exposure at the spatial frequency s (1/Å) is
 * N_c = 0.245·s^−1.665 + 2.81 e/Å² at 300 kV, and the amplitude falls as exp(−½·D / N_c) (Grant & Grigorieff, eLife 4, e06980,
 * 2015). RELION 5 and WarpTools weight tilts with the same curve.
 */

/** Below this voltage in kV the critical exposure is that at 200 kV, three quarters of that at 300 kV. */
const lowVoltage = 250;
const lowVoltageFactor = 0.75;

/** The critical exposure in e/Å² at the frequency s in 1/Å, infinite at 0. @param voltage in kV */
export function criticalExposure(s: number, voltage: number): number {
  const at300 = 0.245 * s ** -1.665 + 2.81;
  return voltage < lowVoltage ? lowVoltageFactor * at300 : at300;
}

/**
 * The fraction of the amplitude that is left after an exposure.
 * @param dose    e/Å²
 * @param s       frequency in 1/Å
 * @param voltage in kV
 */
export function doseEnvelope(dose: number, s: number, voltage: number): number {
  return s === 0 ? 1 : Math.exp((-0.5 * dose) / criticalExposure(s, voltage));
}
