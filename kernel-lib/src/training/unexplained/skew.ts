/** Standard normal number that 90 % are below. */
const ninety = 1.2815515655446004;

/**
 * Numbers with median 0 as standard normal ones, if most of them have Tukey's g distribution, x = s·(exp(g·z) − 1)/g (Hoaglin, in
 * Exploring Data Tables, Trends, and Shapes, 1985). Skewness and scale are those between the quantiles of 10 and 90 %, on which
 * a few values far away have little influence. A longer tail on the left counts as none: it would shorten the right one.
 */
export function normalScores(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  const quantile = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!;
  const [low, high] = [-quantile(0.1), quantile(0.9)];
  if (!(low > 0 && high > 0)) return values;
  const g = Math.max(0, Math.log(high / low) / ninety);
  if (g < 1e-6) return values.map((x) => (x * ninety) / ((low + high) / 2));
  const scale = (high * g) / Math.expm1(g * ninety);
  // What is farther left than the distribution reaches is at its end.
  return values.map((x) => Math.log(Math.max(1 + (g * x) / scale, 1e-3)) / g);
}
