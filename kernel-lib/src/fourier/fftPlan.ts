import FFT from "fft.js";

/**
 * A complex 1-D FFT of one length. Numbers are interleaved (re, im) in arrays of exactly 2 · length; `out` and `input`
 * must be different arrays, and `input` is not changed. Plans own their working space and are not reentrant.
 */
export interface FftPlan {
  readonly length: number;
  /** out[k] = Σ_j input[j] exp(−2πi jk/n), not scaled. */
  forward(out: Float64Array, input: Float64Array): void;
}

const plans = new Map<number, FftPlan>();
/** The largest prime factor with a direct butterfly; beyond it Bluestein's algorithm is faster. */
const largestDirectPrime = 13;

/**
 * The plan for a length (cached): radix 4 for powers of two, mixed radix for prime factors up to 13, and Bluestein's
 * algorithm for any other length.
 * @throws RangeError unless the length is an integer of 1 or more
 */
export function fftPlan(length: number): FftPlan {
  const cached = plans.get(length);
  if (cached) return cached;
  if (!Number.isInteger(length) || length < 1) {
    throw new RangeError(`length of a Fourier transform: expected an integer of 1 or more, found ${length}`);
  }
  const plan = makePlan(length);
  plans.set(length, plan);
  return plan;
}

function makePlan(length: number): FftPlan {
  if (length === 1) return { length, forward: (out, input) => out.set(input) };
  const odd = smallestOddPrime(length);
  if (odd === undefined) {
    const radix4 = new FFT(length);
    return { length, forward: (out, input) => radix4.transform(out, input) };
  }
  return odd <= largestDirectPrime ? mixedRadixPlan(length, odd) : bluesteinPlan(length);
}

function smallestOddPrime(length: number): number | undefined {
  let odd = length;
  while (odd % 2 === 0) odd /= 2;
  if (odd === 1) return undefined;
  for (let p = 3; p * p <= odd; p += 2) if (odd % p === 0) return p;
  return odd;
}

/** Decimation in time by one odd prime: `prime` transforms of length/prime, joined by one butterfly for each k. */
function mixedRadixPlan(length: number, prime: number): FftPlan {
  const partLength = length / prime;
  const inner = fftPlan(partLength);
  const gathered = new Float64Array(2 * partLength);
  const parts = Array.from({ length: prime }, () => new Float64Array(2 * partLength));
  const joinParts = primeButterfly(parts, length);

  function forward(out: Float64Array, input: Float64Array): void {
    for (let r = 0; r < prime; r++) {
      for (let j = 0, i = 2 * r; j < 2 * partLength; j += 2, i += 2 * prime) {
        gathered[j] = input[i]!;
        gathered[j + 1] = input[i + 1]!;
      }
      inner.forward(parts[r]!, gathered);
    }
    for (let k = 0; k < partLength; k++) joinParts(k, out);
  }
  return { length, forward };
}

/**
 * The function that writes outputs k, k + length/prime, … of a transform from number k of each of its `prime` parts.
 * Branches r and prime − r are combined to sums and differences, whose products outputs q and prime − q share.
 */
function primeButterfly(
  parts: readonly Float64Array[],
  length: number,
): (k: number, out: Float64Array) => void {
  const prime = parts.length;
  const partLength = length / prime;
  const twiddle = roots(length);
  const half = (prime - 1) / 2;
  const sums = new Float64Array(2 * (half + 1));
  const differences = new Float64Array(2 * (half + 1));
  const writePair = outputPairs(prime, partLength, sums, differences);

  return (k, out) => {
    const re0 = parts[0]![2 * k]!;
    const im0 = parts[0]![2 * k + 1]!;
    let totalRe = re0;
    let totalIm = im0;
    for (let r = 1; r <= half; r++) {
      const a = parts[r]!;
      const b = parts[prime - r]!;
      const wa = 2 * r * k;
      const wb = 2 * (prime - r) * k;
      const aRe = a[2 * k]! * twiddle[wa]! - a[2 * k + 1]! * twiddle[wa + 1]!;
      const aIm = a[2 * k]! * twiddle[wa + 1]! + a[2 * k + 1]! * twiddle[wa]!;
      const bRe = b[2 * k]! * twiddle[wb]! - b[2 * k + 1]! * twiddle[wb + 1]!;
      const bIm = b[2 * k]! * twiddle[wb + 1]! + b[2 * k + 1]! * twiddle[wb]!;
      sums[2 * r] = aRe + bRe;
      sums[2 * r + 1] = aIm + bIm;
      differences[2 * r] = aRe - bRe;
      differences[2 * r + 1] = aIm - bIm;
      totalRe += aRe + bRe;
      totalIm += aIm + bIm;
    }
    out[2 * k] = totalRe;
    out[2 * k + 1] = totalIm;
    sums[0] = re0;
    sums[1] = im0;
    for (let q = 1; q <= half; q++) writePair(k, q, out);
  };
}

/** The function that writes outputs q and prime − q of a butterfly; branch 0 is number 0 of `sums`. */
function outputPairs(
  prime: number,
  partLength: number,
  sums: Float64Array,
  differences: Float64Array,
): (k: number, q: number, out: Float64Array) => void {
  const butterfly = roots(prime);
  const half = (prime - 1) / 2;
  return (k, q, out) => {
    let evenRe = sums[0]!;
    let evenIm = sums[1]!;
    let oddRe = 0;
    let oddIm = 0;
    for (let r = 1; r <= half; r++) {
      const w = 2 * ((r * q) % prime);
      const cos = butterfly[w]!;
      const sin = butterfly[w + 1]!;
      evenRe += cos * sums[2 * r]!;
      evenIm += cos * sums[2 * r + 1]!;
      oddRe -= sin * differences[2 * r + 1]!;
      oddIm += sin * differences[2 * r]!;
    }
    const up = 2 * (k + q * partLength);
    const down = 2 * (k + (prime - q) * partLength);
    out[up] = evenRe + oddRe;
    out[up + 1] = evenIm + oddIm;
    out[down] = evenRe - oddRe;
    out[down + 1] = evenIm - oddIm;
  };
}

/** Any length as a convolution with a chirp, by FFTs of a power of two (Bluestein 1970). */
function bluesteinPlan(length: number): FftPlan {
  let padded = 1;
  while (padded < 2 * length - 1) padded *= 2;
  const inner = fftPlan(padded);
  const chirp = new Float64Array(2 * length);
  for (let j = 0; j < length; j++) {
    // The modulo keeps the angle small, and with it the rounding error.
    const angle = (Math.PI * ((j * j) % (2 * length))) / length;
    chirp[2 * j] = Math.cos(angle);
    chirp[2 * j + 1] = -Math.sin(angle);
  }
  const work = new Float64Array(2 * padded);
  const transformed = new Float64Array(2 * padded);
  for (let j = 0; j < length; j++) {
    for (const at of j === 0 ? [0] : [j, padded - j]) {
      work[2 * at] = chirp[2 * j]!;
      work[2 * at + 1] = -chirp[2 * j + 1]!;
    }
  }
  const kernel = new Float64Array(2 * padded);
  inner.forward(kernel, work);

  function forward(out: Float64Array, input: Float64Array): void {
    work.fill(0);
    for (let j = 0; j < 2 * length; j += 2) {
      work[j] = input[j]! * chirp[j]! - input[j + 1]! * chirp[j + 1]!;
      work[j + 1] = input[j]! * chirp[j + 1]! + input[j + 1]! * chirp[j]!;
    }
    inner.forward(transformed, work);
    // The inverse FFT is the conjugate of the forward FFT of the conjugate.
    for (let k = 0; k < 2 * padded; k += 2) {
      const re = transformed[k]! * kernel[k]! - transformed[k + 1]! * kernel[k + 1]!;
      const im = transformed[k]! * kernel[k + 1]! + transformed[k + 1]! * kernel[k]!;
      work[k] = re / padded;
      work[k + 1] = -im / padded;
    }
    inner.forward(transformed, work);
    for (let j = 0; j < 2 * length; j += 2) {
      const re = transformed[j]!;
      const im = -transformed[j + 1]!;
      out[j] = re * chirp[j]! - im * chirp[j + 1]!;
      out[j + 1] = re * chirp[j + 1]! + im * chirp[j]!;
    }
  }
  return { length, forward };
}

/** exp(−2πi j/n) for j = 0 … n − 1, interleaved. */
function roots(n: number): Float64Array {
  const table = new Float64Array(2 * n);
  for (let j = 0; j < n; j++) {
    table[2 * j] = Math.cos((2 * Math.PI * j) / n);
    table[2 * j + 1] = -Math.sin((2 * Math.PI * j) / n);
  }
  return table;
}
