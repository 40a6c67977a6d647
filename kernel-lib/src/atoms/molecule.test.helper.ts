import { emptyModel, type GaussianModel, Row, type Vector3 } from "../model/gaussianModel";
import { type AtomModel, modelFromTables } from "./atomModel";
import { beadsOf } from "./beads";
import { readPdb } from "./molstarReader";
import type { Decoder } from "./startPlace";

type Point = readonly [number, number, number];

const subtract = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Point, b: Point): Point => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const unit = (a: Point): Point => {
  const length = Math.hypot(...a);
  return [a[0] / length, a[1] / length, a[2] / length];
};

/** The place of an atom with given bond length, angle and dihedral (degrees) behind three others. */
function placed(a: Point, b: Point, c: Point, [length, angle, dihedral]: Point): Point {
  const [theta, phi] = [(angle * Math.PI) / 180, (dihedral * Math.PI) / 180];
  const along = unit(subtract(c, b));
  const normal = unit(cross(subtract(b, a), along));
  const across = cross(normal, along);
  const [x, y, z] = [-Math.cos(theta), Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi)];
  return [0, 1, 2].map((k) => c[k]! + length * (x * along[k]! + y * across[k]! + z * normal[k]!)) as Vector3;
}

/** An α helix of alanine: for each residue N, CA, C, O and CB. */
function helix(residues: number): Point[][] {
  const [phi, psi] = [-57, -47];
  let [n, ca, c]: [Point, Point, Point] = [
    [0, 0, 0],
    [1.46, 0, 0],
    [2.0, 1.42, 0],
  ];
  const chain: Point[][] = [];
  for (let r = 0; r < residues; r++) {
    const o = placed(n, ca, c, [1.23, 120, psi + 180]);
    const cb = placed(c, n, ca, [1.53, 110.5, -122]);
    chain.push([n, ca, c, o, cb]);
    const nextN = placed(n, ca, c, [1.33, 117, psi]);
    const nextCa = placed(ca, c, nextN, [1.46, 121, 180]);
    c = placed(c, nextN, nextCa, [1.53, 111, phi]);
    [n, ca] = [nextN, nextCa];
  }
  return chain;
}

/** One ATOM record. */
export function atomLine(serial: number, name: string, residue: number, chain: string, place: Point): string {
  const at = place.map((x) => x.toFixed(3).padStart(8)).join("");
  const start = `ATOM  ${String(serial).padStart(5)}  ${name.padEnd(3)} ALA ${chain}${String(residue).padStart(4)}`;
  return `${start}    ${at}  1.00 20.00           ${name[0]}`;
}

/** PDB text of helices side by side, a chain each. @param shift of all, in Å */
export function helices(chains: number, residues: number, shift: Point = [0, 0, 0]): string {
  const lines: string[] = [];
  const one = helix(residues);
  const centre = [0, 1, 2].map((axis) => one.reduce((sum, atoms) => sum + atoms[1]![axis]!, 0) / residues);
  for (let k = 0; k < chains; k++) {
    one.forEach((atoms, r) => {
      atoms.forEach((place, a) => {
        // The axis of this helix is not along a coordinate axis, so that nothing is symmetric.
        const moved = [0, 1, 2].map((axis) => place[axis]! - centre[axis]! + shift[axis]!) as Vector3;
        moved[0] += 11 * k;
        lines.push(atomLine(lines.length + 1, ["N", "CA", "C", "O", "CB"][a]!, r + 1, "ABCDEFGH"[k]!, moved));
      });
    });
  }
  return `${lines.join("\n")}\nEND\n`;
}

/** A model from PDB text. */
export const modelOf = async (text: string): Promise<AtomModel> =>
  modelFromTables(await readPdb(text), "test.pdb", "pdb");

/** Positions of which some atoms are turned about an axis along y through a point. */
export function turned(
  { positions, count }: AtomModel,
  { moves, degrees, centre }: { moves: (i: number) => boolean; degrees: number; centre: Point },
): Float64Array {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const moved = positions.slice();
  for (let i = 0; i < count; i++) {
    if (!moves(i)) continue;
    const [x, z] = [positions[3 * i]! - centre[0], positions[3 * i + 2]! - centre[2]];
    moved[3 * i] = centre[0] + cos * x + sin * z;
    moved[3 * i + 2] = centre[2] - sin * x + cos * z;
  }
  return moved;
}

const box = { boxSize: 64, apix: 2, origin: [7, -5, 3] as Vector3 };

/** Gaussians in place of the beads of a model, in a box whose origin is not 0. */
export function gaussiansAt(model: AtomModel, positions: Float64Array): GaussianModel {
  const { centres, electrons, count } = beadsOf({ ...model, positions });
  const gaussians = { ...emptyModel(count, box.boxSize, box.apix), origin: box.origin };
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      const centre = box.origin[axis]! + (box.boxSize / 2) * box.apix;
      gaussians.params[axis * count + i] = (centres[3 * i + axis]! - centre) / (box.boxSize * box.apix);
    }
    gaussians.params[Row.amplitude * count + i] = electrons[i]! / 20;
    gaussians.params[Row.sigma * count + i] = 2.4 / box.apix;
  }
  return gaussians;
}

/** A latent space of one dimension. @param positionsAt positions of the atoms at z */
export const decoderOf = (model: AtomModel, positionsAt: (z: number) => Float64Array): Decoder => ({
  latent: 1,
  decode: (z) => gaussiansAt(model, positionsAt(z[0]!)),
});

/** Root mean square distance of positions in Å. */
export function rmsBetween(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((sum, x, k) => sum + (x - b[k]!) ** 2, 0) / (a.length / 3));
}
