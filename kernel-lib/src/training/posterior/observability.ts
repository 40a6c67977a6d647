/**
 * Standard deviation of the population along each axis, [dimensions]: of the posterior means about their own mean, widened by
 * what they were shrunk; 1 along an axis where nothing varies. No posterior is wider.
 * @param means      posterior means, [n · dimensions]
 * @param deviations posterior standard deviations, [n · dimensions]
 */
export function populationDeviations(
  means: Float32Array,
  deviations: Float32Array,
  dimensions: number,
): Float64Array {
  const n = means.length / dimensions;
  return Float64Array.from({ length: dimensions }, (_, d) => {
    let mean = 0;
    let square = 0;
    let largest = 0;
    for (let i = d; i < means.length; i += dimensions) mean += means[i]! / n;
    for (let i = d; i < means.length; i += dimensions) {
      square += ((means[i]! - mean) ** 2 + deviations[i]! ** 2) / n;
      largest = Math.max(largest, deviations[i]! ** 2);
    }
    return Math.sqrt(Math.max(square, largest)) || 1;
  });
}

/**
 * How much of each axis the view of each particle tells: 1 − posterior variance / variance of the population, from 0 (the image
 * tells nothing) to 1 (it tells the coordinate exactly), [n · dimensions].
 * @param means      posterior means, [n · dimensions]
 * @param deviations posterior standard deviations, [n · dimensions]
 */
export function observabilityOf(
  means: Float32Array,
  deviations: Float32Array,
  dimensions: number,
): Float32Array {
  const population = populationDeviations(means, deviations, dimensions);
  return deviations.map((deviation, i) => Math.max(0, 1 - (deviation / population[i % dimensions]!) ** 2));
}
