/**
 * Seeded random numbers. All random choices of the library use this class, so that a run can be repeated from its seed. The
 * generator is xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32.
 * @example
 * ```ts
 * const random = new e2.Random(1);
 * console.log(random.normal(), random.integer(10));
 * ```
 */
export class Random {
  private readonly state = new Uint32Array(4);
  private spare: number | undefined;

  /**
   * @param seed any integer
   * @throws RangeError for other numbers
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: expected an integer, found ${seed}`);
    let x = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.state[i] = (z ^ (z >>> 15)) >>> 0;
    }
  }

  /** An independent generator, determined by `label` and the state of this one, which does not change. */
  fork(label: number): Random {
    return new Random((this.state[0]! ^ Math.imul(label + 1, 0x85ebca6b)) >>> 0);
  }

  /** A uniform 32-bit unsigned integer. */
  uint32(): number {
    const s = this.state;
    const x = Math.imul(s[1]!, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** A uniform integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** A standard normal number, by the polar method of Marsaglia. */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    let u: number;
    let v: number;
    let s: number;
    do {
      u = 2 * this.uniform() - 1;
      v = 2 * this.uniform() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const factor = Math.sqrt((-2 * Math.log(s)) / s);
    this.spare = v * factor;
    return u * factor;
  }

  /** A random permutation of 0 … n − 1 (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const keep = order[i]!;
      order[i] = order[j]!;
      order[j] = keep;
    }
    return order;
  }

  /** The state of the generator, as finite numbers, for a checkpoint. */
  save(): number[] {
    return [...this.state, this.spare ?? Number.NaN].map((x) => (Number.isNaN(x) ? Number.MAX_VALUE : x));
  }

  /** A generator that continues from a state of {@link save}. */
  static restore(saved: readonly number[]): Random {
    const random = new Random(0);
    for (let i = 0; i < 4; i++) random.state[i] = saved[i]!;
    random.spare = saved[4] === Number.MAX_VALUE ? undefined : saved[4];
    return random;
  }
}
