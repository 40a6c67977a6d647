import { fft3Real } from "../fourier/fft";
import { shellNumbers } from "./shells";
import type { StateHalf } from "./stateGroups";

/**
 * How much each group of particles counts in each shell, [groups][shells], from 0 to 1. The nearest group counts 1, and none more than one that
 * is nearer.
 *
 * The map of group g is a_g T + e_g + noise, with the true map T, what is left of it after correction a_g, and errors e_g that both halves
 * share, such as of a place that the field takes from elsewhere. The nearest group is hardly corrected: a₀ = 1, e₀ = 0. Three things
 * are measured shell by shell. Products of groups of different halves, in which noise has no part: with the nearest group they are
 * a_g⟨T²⟩, from which a_g follows, since errors grow with distance and frequency it never rises from one shell to the next (weighted isotonic
 * regression); with each other they are a_g a_h⟨T²⟩ + ⟨e_g e_h⟩. And the noise, what products within a half have beside. The weights are those
 * of the map of least expected squared error, a non-negative sum of maps of nested sets of particles.
 *
 * All weights are 1 unless that makes worse maps.
 *
 * @param part multiplied to all maps, [S · S · S]
 */
export function shellWeights(
  halves: readonly [StateHalf, StateHalf],
  part: Float32Array,
  boxSize: number,
): Float64Array[] {
  return weightsOf(new GroupProducts(halves, { part, boxSize }));
}

/**
 * Whether the map of a state is better than that without correction by several standard errors, where nearest particles tell.
 * @param part multiplied to all maps, [S · S · S]
 */
export function isCorrectionBetter(
  halves: readonly [StateHalf, StateHalf],
  part: Float32Array,
  boxSize: number,
): boolean {
  const products = new GroupProducts(halves, { part, boxSize });
  const plain = products.fractions.map(() => new Float64Array(products.shells));
  plain.push(new Float64Array(products.shells).fill(1));
  const map = joined(weightsOf(products), products.fractions);
  return isBetter(products, { map, than: plain, least: leastOfCorrection });
}

function weightsOf(products: GroupProducts): Float64Array[] {
  const { groups, shells, fractions } = products;
  const measured = measure(products);
  const best = Array.from({ length: shells }, (_, s) => bestWeights(measured, Math.max(s, 1)));
  const smooth = Array.from({ length: groups }, (_, g) =>
    Float64Array.from({ length: shells }, (_x, s) => {
      const [from, to] = [Math.max(1, s - smoothing), Math.min(shells - 1, s + smoothing)];
      let sum = 0;
      for (let q = from; q <= to; q++) sum += best[q]![g]!;
      return sum / (to - from + 1);
    }),
  );
  const alike = smooth.map((own) => new Float64Array(own.length).fill(1));
  const [map, than] = [joined(smooth, fractions), joined(alike, fractions)];
  return isBetter(products, { map, than, least: leastOfWeights }) ? smooth : alike;
}

/** The coefficients of the maps in Σ w_g m_g / Σ w_g f_g; that of the plain map is 0. */
function joined(weights: readonly Float64Array[], fractions: readonly Float64Array[]): Float64Array[] {
  const coefficients = weights.map((own) =>
    own.map((w, s) => {
      const total = fractions.reduce((sum, f, h) => sum + f[s]! * weights[h]![s]!, 0);
      return total > 0 ? w / total : 0;
    }),
  );
  return [...coefficients, new Float64Array(weights[0]!.length)];
}

/** Shells on either side over which weights are averaged. */
const smoothing = 2;
/** Factor between the first and the last of the shells over which products are pooled. */
const pooled = 1.15;
/** Rounds in which amplitudes and the power of the map are found. */
const rounds = 6;
/** Weight in each shell, in units of 1 / variance, of the assumption that a group shows the map as it is. */
const prior = 0.02;
/** Standard errors by which unequal weights must be better than equal ones, … */
const leastOfWeights = 1;
/** … and a correction than none. */
const leastOfCorrection = 3;

/** Sums of products of the groups' transforms over the samples of each shell. */
class GroupProducts {
  readonly groups: number;
  readonly shells: number;
  /** Independent samples of each shell. */
  readonly samples: Float64Array;
  /** Of groups of the same half, and at last of its plain map, mean of both halves, [groups + 1][groups + 1][shells]. */
  readonly within: Float64Array[][];
  /** Of groups of different halves. */
  readonly across: Float64Array[][];
  /** Fraction of the weights in each group, mean of both halves, [groups][shells]. */
  readonly fractions: Float64Array[];

  constructor(
    halves: readonly [StateHalf, StateHalf],
    { part, boxSize: n }: { part: Float32Array; boxSize: number },
  ) {
    const groups = halves[0].groups.length;
    this.groups = groups;
    this.shells = Math.floor(n / 2) + 1;
    const { shells } = this;
    const maps = groups + 1;
    const table = () =>
      Array.from({ length: maps }, () => Array.from({ length: maps }, () => new Float64Array(shells)));
    [this.within, this.across] = [table(), table()];
    this.samples = new Float64Array(shells);
    this.fractions = Array.from({ length: groups }, (_, g) =>
      Float64Array.from({ length: shells }, (_x, s) => {
        const [a, b] = halves.map((half) => half.groups[g]!.fraction[s]!) as [number, number];
        return Math.max((a + b) / 2, 1e-6);
      }),
    );
    const transforms = halves.map((half) =>
      [...half.groups.map(({ corrected }) => corrected), half.plain].map((map) =>
        fft3Real(
          map.map((x, i) => x * part[i]!),
          [n, n, n],
        ),
      ),
    ) as [Float32Array[], Float32Array[]];
    // Neighbouring samples are alike, since the part is smaller than the box.
    const mean = part.reduce((sum, x) => sum + x * x, 0) / part.length;
    const of = shellNumbers(n);
    for (const s of of) if (s < shells) this.samples[s]! += Math.max(mean, 1e-6);
    for (let g = 0; g < maps; g++) for (let h = 0; h < maps; h++) this.add(transforms, { g, h, of });
  }

  private add(
    [first, second]: readonly [Float32Array[], Float32Array[]],
    { g, h, of }: { g: number; h: number; of: Int32Array },
  ): void {
    const [ag, bg, ah, bh] = [first[g]!, second[g]!, first[h]!, second[h]!];
    const [within, across] = [this.within[g]![h]!, this.across[g]![h]!];
    for (let i = 0; i < of.length; i++) {
      const s = of[i]!;
      if (s >= this.shells) continue;
      const [re, im] = [2 * i, 2 * i + 1];
      within[s]! += (ag[re]! * ah[re]! + ag[im]! * ah[im]! + bg[re]! * bh[re]! + bg[im]! * bh[im]!) / 2;
      across[s]! += (ag[re]! * bh[re]! + ag[im]! * bh[im]! + bg[re]! * ah[re]! + bg[im]! * ah[im]!) / 2;
    }
  }

  /** Variance of the product of the nearest group with another one. */
  variance(g: number, s: number): number {
    return (this.within[0]![0]![s]! * this.within[g]![g]![s]!) / Math.max(this.samples[s]!, 1) || 1;
  }
}

/** What the products tell. */
interface Measured {
  products: GroupProducts;
  /** a_g, [groups][shells]. */
  amplitudes: Float64Array[];
  /** ⟨T²⟩, [shells], and that of the noise of all particles. */
  power: Float64Array;
  noise: Float64Array;
}

function measure(products: GroupProducts): Measured {
  const { groups, shells, across, within, fractions } = products;
  const amplitudes = fractions.map(() => new Float64Array(shells).fill(1));
  let power = new Float64Array(shells);
  for (let round = 0; round < rounds; round++) {
    power = Float64Array.from({ length: shells }, (_, s) => {
      let [product, square] = [0, 0];
      for (let g = 0; g < groups; g++) {
        const expected = fractions[0]![s]! * fractions[g]![s]! * amplitudes[g]![s]!;
        product += (across[0]![g]![s]! * expected) / products.variance(g, s);
        square += expected ** 2 / products.variance(g, s);
      }
      return Math.max(
        1e-6 * (within[0]![0]![s]! / fractions[0]![s]!),
        square > 0 ? product / square : 0,
        1e-30,
      );
    });
    for (let g = 1; g < groups; g++) amplitudes[g] = fallingAmplitudes(products, power, g);
  }
  const noise = Float64Array.from({ length: shells }, (_, s) => {
    let sum = 0;
    for (let g = 0; g < groups; g++) sum += (within[g]![g]![s]! - across[g]![g]![s]!) / fractions[g]![s]!;
    return Math.max(sum / groups, 0);
  });
  return { products, amplitudes, power, noise };
}

/** The amplitudes of a group that fit best, from 0 to 1, and never rise from one shell to the next. */
function fallingAmplitudes(products: GroupProducts, power: Float64Array, g: number): Float64Array {
  const { shells, across, fractions } = products;
  const blocks: { product: number; square: number; shells: number }[] = [];
  for (let s = 1; s < shells; s++) {
    const expected = fractions[0]![s]! * fractions[g]![s]! * power[s]!;
    const variance = products.variance(g, s);
    // Where little is known amplitudes are those of the shells before.
    let block = {
      product: (across[0]![g]![s]! * expected) / variance + prior,
      square: expected ** 2 / variance + prior,
      shells: 1,
    };
    for (
      let last = blocks.at(-1);
      last && last.product * block.square <= block.product * last.square;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = {
        product: block.product + last.product,
        square: block.square + last.square,
        shells: block.shells + last.shells,
      };
    }
    blocks.push(block);
  }
  const amplitudes = new Float64Array(shells);
  let s = 1;
  for (const { product, square, shells: count } of blocks)
    for (let k = 0; k < count; k++)
      amplitudes[s++] = square > 0 ? Math.min(1, Math.max(0, product / square)) : 0;
  amplitudes[0] = amplitudes[1]!;
  return amplitudes;
}

/** ⟨(a_g T + e_g)(a_h T + e_h)⟩ / ⟨T²⟩ around a shell, [groups][groups]. */
function commonProducts({ products, amplitudes, power, noise }: Measured, s: number): Float64Array[] {
  const { groups, shells, across, fractions, samples } = products;
  const from = Math.max(1, Math.min(s - 1, Math.floor(s / pooled)));
  const to = Math.min(shells - 1, Math.max(s + 1, Math.ceil(s * pooled)));
  const common = fractions.map(() => new Float64Array(groups));
  let total = 0;
  for (let q = from; q <= to; q++) {
    const weight = (samples[q]! * power[q]!) / (power[q]! + noise[q]!);
    total += weight;
    for (let g = 0; g < groups; g++)
      for (let h = 0; h < groups; h++)
        common[g]![h]! +=
          (weight * (across[g]![h]![q]! + across[h]![g]![q]!)) /
          (2 * fractions[g]![q]! * fractions[h]![q]! * power[q]!);
  }
  for (let g = 0; g < groups; g++) for (let h = 0; h < groups; h++) common[g]![h]! /= total || 1;
  // Not less than what the amplitudes tell, and no correlation above 1.
  for (let g = 0; g < groups; g++) common[g]![g] = Math.max(common[g]![g]!, amplitudes[g]![s]! ** 2, 1e-6);
  for (let g = 0; g < groups; g++)
    for (let h = 0; h < groups; h++)
      if (g !== h)
        common[g]![h] = Math.min(common[g]![h]!, 0.98 * Math.sqrt(common[g]![g]! * common[h]![h]!));
  return common;
}

/** ⟨(Σ w_g m_g − T)²⟩ / ⟨T²⟩ − 1 as a quadratic form: w·matrix·w − 2 w·vector. */
function expectedError(measured: Measured, s: number): { matrix: Float64Array[]; vector: Float64Array } {
  const { products, amplitudes, power, noise } = measured;
  const { fractions } = products;
  const common = commonProducts(measured, s);
  const matrix = common.map((row, g) =>
    row.map(
      (x, h) =>
        fractions[g]![s]! * fractions[h]![s]! * x +
        (g === h ? (fractions[g]![s]! * noise[s]!) / power[s]! : 0),
    ),
  );
  return { matrix, vector: Float64Array.from(fractions, (f, g) => f[s]! * amplitudes[g]![s]!) };
}

/** The weights of least error that never rise from one group to the next, the first one 1. */
function bestWeights(measured: Measured, s: number): Float64Array {
  const { matrix, vector } = expectedError(measured, s);
  const groups = vector.length;
  // In terms of nested sets: w_g = Σ u_j, j ≥ g, with u ≥ 0.
  const nested = Float64Array.from({ length: groups }, (_, i) =>
    vector.subarray(0, i + 1).reduce((sum, x) => sum + x, 0),
  );
  const square = Array.from({ length: groups }, (_, i) =>
    Float64Array.from({ length: groups }, (_x, j) => {
      let sum = 0;
      for (let g = 0; g <= i; g++) for (let h = 0; h <= j; h++) sum += matrix[g]![h]!;
      return sum;
    }),
  );
  const u = new Float64Array(groups).fill(1 / groups);
  for (let round = 0; round < descents; round++) {
    for (let i = 0; i < groups; i++) {
      let rest = nested[i]!;
      for (let j = 0; j < groups; j++) if (j !== i) rest -= square[i]![j]! * u[j]!;
      u[i] = Math.max(0, rest / square[i]![i]!);
    }
  }
  const weights = new Float64Array(groups);
  for (let g = groups - 1, sum = 0; g >= 0; g--) {
    sum += u[g]!;
    weights[g] = sum;
  }
  const first = weights[0]!;
  return first > 0 ? weights.map((w) => w / first) : weights.fill(1);
}

/**
 * Whether a map is better than another one by several standard errors: by how much of the nearest group of the other half it tells,
 * −Σ n log(1 − F²) over the shells with n samples and a correlation F. Shells without signal tell nothing of either.
 * Both maps are given by coefficients of the groups and, at last, of the plain map.
 */
function isBetter(
  { groups, shells, within, across, samples }: GroupProducts,
  { map, than, least }: { map: readonly Float64Array[]; than: readonly Float64Array[]; least: number },
): boolean {
  let [gain, variance] = [0, 0];
  for (let s = 1; s < shells; s++) {
    const nearest = within[0]![0]![s]!;
    let [own, others, common, product, otherProduct] = [0, 0, 0, 0, 0];
    for (let g = 0; g <= groups; g++) {
      const [a, b] = [map[g]![s]!, than[g]![s]!];
      product += a * across[0]![g]![s]!;
      otherProduct += b * across[0]![g]![s]!;
      for (let h = 0; h <= groups; h++) {
        const [c, d] = [map[h]![s]!, than[h]![s]!];
        own += a * c * within[g]![h]![s]!;
        others += b * d * within[g]![h]![s]!;
        common += a * d * within[g]![h]![s]!;
      }
    }
    if (!(own > 0 && others > 0 && nearest > 0)) continue;
    const told = (x: number, square: number) =>
      Math.min(Math.max(0, x / Math.sqrt(square * nearest)), 0.9995);
    const [first, second] = [told(product, own), told(otherProduct, others)];
    const unlike = 1 - Math.min(1, common / Math.sqrt(own * others));
    const n = samples[s]!;
    gain += n * Math.log((1 - second ** 2) / (1 - first ** 2));
    variance += 4 * unlike * (n * Math.max(first, second) ** 2 + 1);
  }
  return gain > least * Math.sqrt(variance);
}

/** Rounds of coordinate descent, with six unknowns. */
const descents = 300;
