/** A gain in log-likelihood. */
export interface Gain {
  /** Mean over the sample, nats per particle. */
  gain: number;
  standardError: number;
}
