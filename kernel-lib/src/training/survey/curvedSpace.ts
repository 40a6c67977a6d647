import { Matrix, solve } from "ml-matrix";

/** Degree of the polynomials, and their ridge as a fraction of the number of rows. */
const degree = 3;
const ridge = 1e-3;

/**
 * The last axes of a latent space as polynomials of the first ones. A curved motion needs several axes of a decoder that is
 * nearly linear, but only one of them is free: the others follow from it.
 */
export class CurvedSpace {
  private readonly powers: number[][];
  /** Coefficients, [terms · dependent axes]. */
  private readonly coefficients: Matrix | undefined;

  /**
   * Fits the polynomials by least squares.
   * @param z      places of a population, [n · latent]
   * @param latent axes of the space
   * @param free   number of first axes that stay free
   */
  constructor(
    z: Float32Array,
    private readonly latent: number,
    readonly free: number,
  ) {
    this.powers = monomials(free);
    const dependent = latent - free;
    if (dependent === 0) return;
    const n = z.length / latent;
    const terms = this.powers.length;
    const normal = Matrix.zeros(terms, terms);
    const right = Matrix.zeros(terms, dependent);
    for (let i = 0; i < n; i++) {
      const row = this.terms(z, i * latent);
      for (let a = 0; a < terms; a++) {
        for (let b = 0; b < terms; b++) normal.set(a, b, normal.get(a, b) + row[a]! * row[b]!);
        for (let d = 0; d < dependent; d++) {
          right.set(a, d, right.get(a, d) + row[a]! * z[i * latent + free + d]!);
        }
      }
    }
    for (let a = 0; a < terms; a++) normal.set(a, a, normal.get(a, a) + ridge * n);
    this.coefficients = solve(normal, right);
  }

  private terms(z: ArrayLike<number>, at: number): number[] {
    return this.powers.map((axes) => axes.reduce((product, d) => product * z[at + d]!, 1));
  }

  /** Places [n · latent] of free coordinates [n · free]. */
  places(y: Float32Array): Float32Array {
    const { latent, free, coefficients } = this;
    const n = y.length / free;
    const z = new Float32Array(n * latent);
    for (let i = 0; i < n; i++) {
      z.set(y.subarray(i * free, (i + 1) * free), i * latent);
      if (!coefficients) continue;
      const row = this.terms(y, i * free);
      for (let d = 0; d < latent - free; d++) {
        z[i * latent + free + d] = row.reduce((sum, term, a) => sum + term * coefficients.get(a, d), 0);
      }
    }
    return z;
  }
}

/** All products of up to {@link degree} of some axes: the axes of each, the constant first. */
function monomials(axes: number): number[][] {
  let last: number[][] = [[]];
  const all = [...last];
  for (let k = 0; k < degree; k++) {
    last = last.flatMap((term) =>
      Array.from({ length: axes - (term.at(-1) ?? 0) }, (_, i) => [...term, (term.at(-1) ?? 0) + i]),
    );
    all.push(...last);
  }
  return all;
}
