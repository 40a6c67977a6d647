import { InputError } from "../errors";

/** A point group of rotations, in the orientation that RELION gives it. */
export interface PointGroup {
  /** Name in RELION, such as `C7`, `D2`, `O`, `I1`; `I` is `I2`. */
  readonly name: string;
  /** Number of operators, n. */
  readonly order: number;
  /**
   * The operators S_g, 9 numbers each, row-major. The first is the identity; those of Cn turn by g · 360°/n. A particle of
   * a symmetric molecule with rotation R (reference → image) looks the same with R · S_g.
   */
  readonly operators: readonly Float64Array[];
}

type Axis = readonly [x: number, y: number, z: number];

/** A rotation axis of a group. */
interface Generator {
  axis: Axis;
  /** Its rotation is by 360°/fold. */
  fold: number;
}

const z: Axis = [0, 0, 1];
/** Half of the angle between neighbouring fivefold axes, which have a twofold axis in their middle: tan θ = 1 / golden ratio. */
const half = Math.atan(2 / (1 + Math.sqrt(5)));
const [s, c] = [Math.sin(half), Math.cos(half)];

/**
 * Axes that generate the groups without parameter, in the orientations of RELION 3.1 and 4: T has a threefold axis along z and
 * a twofold one in the yz plane, O fourfold ones along x, y and z. I1 and I2 have twofold axes along x, y and z, and fivefold
 * ones in the xz plane near x (I1) or z (I2); I3 and I4 have a fivefold axis along z.
 */
const polyhedral: Record<string, readonly Generator[]> = {
  T: [
    { axis: z, fold: 3 },
    { axis: [0, Math.sqrt(2 / 3), Math.sqrt(1 / 3)], fold: 2 },
  ],
  O: [
    { axis: z, fold: 4 },
    { axis: [Math.sqrt(1 / 3), Math.sqrt(1 / 3), Math.sqrt(1 / 3)], fold: 3 },
  ],
  I1: [
    { axis: [1, 0, 0], fold: 2 },
    { axis: [c, 0, -s], fold: 5 },
  ],
  I2: [
    { axis: z, fold: 2 },
    { axis: [s, 0, c], fold: 5 },
  ],
  I3: [
    { axis: z, fold: 5 },
    { axis: [-s, 0, c], fold: 2 },
  ],
  I4: [
    { axis: z, fold: 5 },
    { axis: [s, 0, c], fold: 2 },
  ],
};

/** Largest n of Cn and Dn. */
const mostFold = 99;
/** Elements of operators that differ by less are the same. */
const sameElement = 1e-6;

/**
 * A point group by its name in RELION: Cn, Dn, T, O, I (the same as I2), I1, I2, I3 or I4, in any case. The n-fold axis of Cn
 * and Dn is z, a twofold one of Dn is x. Groups with mirrors, such as `Td`, are no symmetries of a protein.
 * @throws InputError for another name
 * @example
 * ```ts
 * const { order, operators } = e2.optics.pointGroup("D3");
 * console.log(order, operators[1]); // 6, a third of a turn
 * ```
 */
export function pointGroup(name: string): PointGroup {
  const upper = name.trim().toUpperCase();
  const known = upper === "I" ? "I2" : upper;
  const generators = polyhedral[known] ?? axial(known);
  if (!generators) {
    const expected = "a point group of rotations in RELION's notation: Cn, Dn, T, O, I, I1, I2, I3 or I4";
    throw new InputError("symmetry", expected, JSON.stringify(name));
  }
  const operators = closure(generators.map(rotationOf));
  return { name: known, order: operators.length, operators };
}

/** Generators of Cn and Dn; undefined for other names. */
function axial(name: string): readonly Generator[] | undefined {
  const found = /^([CD])([1-9]\d?)$/.exec(name);
  const fold = Number(found?.[2]);
  if (!found || fold > mostFold) return undefined;
  const main = { axis: z, fold };
  return found[1] === "C" ? [main] : [main, { axis: [1, 0, 0], fold: 2 }];
}

/** The rotation of a frame by 360°/fold about an axis, as RELION's Euler angle `rot` turns it about z. */
function rotationOf({ axis: [x, y, w], fold }: Generator): Float64Array {
  const angle = (-2 * Math.PI) / fold;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const v = 1 - cos;
  return Float64Array.of(
    cos + x * x * v,
    x * y * v - w * sin,
    x * w * v + y * sin,
    y * x * v + w * sin,
    cos + y * y * v,
    y * w * v - x * sin,
    w * x * v - y * sin,
    w * y * v + x * sin,
    cos + w * w * v,
  );
}

/** All products of the generators: the powers of the first, then these times the others, until nothing new appears. */
function closure(generators: readonly Float64Array[]): Float64Array[] {
  const found = [Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1)];
  const add = (matrix: Float64Array) => {
    if (!found.some((known) => isSameRotation(known, matrix))) found.push(matrix);
  };
  const [first, ...others] = generators as [Float64Array, ...Float64Array[]];
  for (let i = 0; i < found.length; i++) add(product(found[i]!, first));
  for (let i = 0; i < found.length; i++)
    for (const other of [...others, first]) add(product(found[i]!, other));
  return found;
}

/** The product A · B of two 3 × 3 matrices. */
export function product(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const out = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += a[3 * row + k]! * b[3 * k + column]!;
      out[3 * row + column] = sum;
    }
  }
  return out;
}

/** The transposed matrix, which of a rotation is the inverse. */
export function transposed(m: ArrayLike<number>): Float64Array {
  return Float64Array.of(m[0]!, m[3]!, m[6]!, m[1]!, m[4]!, m[7]!, m[2]!, m[5]!, m[8]!);
}

/** A · v. */
export function turned(m: ArrayLike<number>, [x, y, w]: Axis): [number, number, number] {
  return [
    m[0]! * x + m[1]! * y + m[2]! * w,
    m[3]! * x + m[4]! * y + m[5]! * w,
    m[6]! * x + m[7]! * y + m[8]! * w,
  ];
}

/** Whether two rotations are the same up to rounding. */
export function isSameRotation(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < 9; i++) if (Math.abs(a[i]! - b[i]!) > sameElement) return false;
  return true;
}

/**
 * For each pair of operators the index of their product, [order · order]: `table[order * g + h]` is that of S_g · S_h.
 */
export function productTable({ order, operators }: PointGroup): Uint16Array {
  const table = new Uint16Array(order * order);
  for (let g = 0; g < order; g++) {
    for (let h = 0; h < order; h++) {
      const of = product(operators[g]!, operators[h]!);
      table[order * g + h] = operators.findIndex((one) => isSameRotation(one, of));
    }
  }
  return table;
}
