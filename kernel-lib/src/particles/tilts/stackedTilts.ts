import { InputError } from "../../errors";
import type { StarTable } from "../../formats/starTable";
import { rotationFromEuler } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import type { ParticleMetadata, StackProbe } from "../metadata/metadata";
import type { TiltImages } from "./tiltMetadata";
import { readTomograms, type Tilt, type Tomogram, vectorOf } from "./tomograms";

/*
 * Tilt series with a row for each particle, whose images are a stack of its own: those of RELION 5 (`--stack2d`) and WarpTools
 * (`--2d`). Poses, defocus and weights of the images follow from the particle and the tilts of its tomogram, as in RELION:
 *
 * - R = P·A_subtomogram·A(rot, tilt, psi), with P the rotation tomogram → image of the tilt;
 * - t = −(P·A_subtomogram·origin)_xy;
 * - defocus of the tilt + hand·(P·(position − centre))_z;
 * - amplitude: scale factor of the tilt times what is left after its exposure, see `doseEnvelope`.
 */

const visibleColumn = "_rlnTomoVisibleFrames";
const subtomogramAngles = ["_rlnTomoSubtomogramRot", "_rlnTomoSubtomogramTilt", "_rlnTomoSubtomogramPsi"];
const particleAngles = ["_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi"];
const origins = ["_rlnOriginXAngst", "_rlnOriginYAngst", "_rlnOriginZAngst"];
const centred = [
  "_rlnCenteredCoordinateXAngst",
  "_rlnCenteredCoordinateYAngst",
  "_rlnCenteredCoordinateZAngst",
];
const inPixels = ["_rlnCoordinateX", "_rlnCoordinateY", "_rlnCoordinateZ"];

/** What the images of particles follow from. */
export interface StackedInput {
  /** The table of particles. */
  table: StarTable;
  /** The particles as single images; their sections and CTFs have no meaning. */
  base: ParticleMetadata;
  /** File of the tomograms. */
  tomograms: string;
  /** Factor for origins in Å. */
  originScale: number;
  probe: StackProbe;
}

/** The images of particles whose stacks hold their tilts. @throws InputError for missing columns, and stacks of other sizes */
export async function stackedTilts({
  table,
  base,
  tomograms: file,
  originScale,
  probe,
}: StackedInput): Promise<TiltImages> {
  const missing = ["_rlnTomoName", visibleColumn, ...particleAngles].find((name) => !table.has(name));
  if (missing) throw new InputError(`${base.file}: data_${table.block}`, `a column ${missing}`, "none");
  const tomogramOf = table.text("_rlnTomoName");
  const visible = table.text(visibleColumn);
  const { tomograms: known, files } = await readTomograms(file, new Set(tomogramOf));
  const warnings: string[] = [];
  const all = (names: readonly string[]) =>
    names.every((name) => table.has(name)) ? table.numbers(names) : undefined;
  const [angles, before, shift] = [table.numbers(particleAngles), all(subtomogramAngles), all(origins)];
  const facts: string[] = [];
  const position = positions(table, base, { tomogramOf, known, warnings, facts });
  const columns = new Columns();
  let sections: "visible" | "all" | undefined;
  let unweighted = 0;
  for (let row = 0; row < table.count; row++) {
    const tomogram = known.get(tomogramOf[row]!)!;
    const { tilts } = tomogram;
    const flags = vectorOf(visible[row]!, `${table.where(row)}, column ${visibleColumn}`);
    if (flags.length !== tilts.length) {
      const expected = `a number for each of the ${tilts.length} tilts of ${tomogramOf[row]}`;
      throw new InputError(`${table.where(row)}, column ${visibleColumn}`, expected, `${flags.length}`);
    }
    const count = flags.reduce((sum, flag) => sum + Number(flag > 0), 0);
    if (count === 0)
      throw new InputError(`${table.where(row)}, column ${visibleColumn}`, "a visible tilt", "none");
    if (sections === undefined && count < tilts.length) {
      sections = await sectionsOf(base, row, { visible: count, all: tilts.length }, probe);
    }
    const euler = (of: readonly Float64Array[]) =>
      rotationFromEuler([of[0]![row]!, of[1]![row]!, of[2]![row]!]);
    const own = euler(angles);
    const subtomogram = before && euler(before);
    const pose = {
      rotation: subtomogram ? product(subtomogram, own) : own,
      origin: turn(subtomogram, shift ? shift.map((values) => values[row]! * originScale) : [0, 0, 0]),
      position: position?.map((values) => values[row]!),
    };
    if (tilts.every(({ scale }, t) => scale === 0 || !(flags[t]! > 0))) {
      const expected = "a visible tilt with a scale factor that is not 0";
      throw new InputError(`${table.where(row)}, column ${visibleColumn}`, expected, "none");
    }
    let section = 0;
    for (const [t, tilt] of tilts.entries()) {
      const isVisible = flags[t]! > 0;
      if (isVisible && tilt.scale === 0) unweighted++;
      else if (isVisible) columns.add(row, base.stack[row]!, section, imageOf(pose, tilt, tomogram));
      if (isVisible || sections === "all") section++;
    }
  }
  if (unweighted > 0) warnings.push(`${unweighted} images of tilts with a scale factor of 0 are left out`);
  const images = columns.finish(base);
  const fact = `tilt series: ${images.particleOf.length} images of ${table.count} particles in ${known.size} tomograms`;
  warnings.unshift(fact);
  return { ...images, warnings, facts: [fact, ...facts], tomogramFiles: files };
}

/** Positions relative to the centre of the tomogram in Å, along each axis; undefined without. */
function positions(
  table: StarTable,
  base: ParticleMetadata,
  given: { tomogramOf: string[]; known: ReadonlyMap<string, Tomogram>; warnings: string[]; facts: string[] },
): Float64Array[] | undefined {
  const { tomogramOf, known, warnings, facts } = given;
  if (centred.every((name) => table.has(name))) return table.numbers(centred);
  const sized = [...known.values()].every(({ size }) => size);
  if (!sized || !inPixels.every((name) => table.has(name))) {
    warnings.push(
      "no positions of particles in their tomograms: the defocus of each tilt is taken for all of its particles",
    );
    return undefined;
  }
  const values = table.numbers(inPixels);
  const groupOf = (row: number) => base.opticsGroups[base.opticsGroup[row]!]!;
  // WarpTools writes positions in pixels of the images, RELION's earlier versions in those of the tilt images.
  const inImagePixels = values[0]!.every((_, row) => {
    const { size, apix } = known.get(tomogramOf[row]!)!;
    return values.every((axis, d) => (axis[row]! * groupOf(row).apix) / apix <= 1.02 * size![d]!);
  });
  const unit = (row: number) => (inImagePixels ? groupOf(row).apix : known.get(tomogramOf[row]!)!.apix);
  const fact = `_rlnCoordinateX, Y and Z are read in pixels of the ${inImagePixels ? "images, as WarpTools writes them" : "tilt images"}`;
  warnings.push(fact);
  facts.push(fact);
  return values.map((axis, d) =>
    axis.map((x, row) => {
      const { size, apix } = known.get(tomogramOf[row]!)!;
      return x * unit(row) - (size![d]! / 2) * apix;
    }),
  );
}

/** Whether stacks hold the visible tilts only, as those of RELION, or all of them, as those of earlier versions of WarpTools. */
async function sectionsOf(
  base: ParticleMetadata,
  row: number,
  counts: { visible: number; all: number },
  probe: StackProbe,
): Promise<"visible" | "all"> {
  const name = base.stacks[base.stack[row]!]!;
  const { images } = await probe(name);
  if (images === undefined || images === counts.visible) return "visible";
  if (images === counts.all) return "all";
  const expected = `${counts.visible} images, of the visible tilts, or ${counts.all}, of all`;
  throw new InputError(`${base.where(row)}: ${name}`, expected, `${images}`);
}

/** A particle in its tomogram. */
interface Placed {
  /** Reference → tomogram. */
  rotation: ArrayLike<number>;
  /** RELION's origin in the tomogram, Å. */
  origin: readonly number[];
  /** Relative to the centre of the tomogram, Å; undefined if it is not known. */
  position: readonly number[] | undefined;
}

/** Pose and optics of one image. */
interface ImageNumbers {
  rotation: ArrayLike<number>;
  shift: readonly number[];
  tilt: Tilt;
  /** Added to the defocus of the tilt, Å. */
  higher: number;
}

function imageOf({ rotation, origin, position }: Placed, tilt: Tilt, { hand }: Tomogram): ImageNumbers {
  const moved = turn(tilt.rotation, origin);
  const place = position?.map((x, d) => x - origin[d]!);
  return {
    rotation: product(tilt.rotation, rotation),
    shift: [-moved[0]!, -moved[1]!],
    tilt,
    higher: place ? hand * turn(tilt.rotation, place)[2]! : 0,
  };
}

function turn(m: ArrayLike<number> | undefined, v: readonly number[]): number[] {
  if (!m) return [...v];
  return [0, 3, 6].map((row) => m[row]! * v[0]! + m[row + 1]! * v[1]! + m[row + 2]! * v[2]!);
}

/** Collects the columns of images. */
class Columns {
  private readonly row: number[] = [];
  private readonly stack: number[] = [];
  private readonly section: number[] = [];
  private readonly rotation: number[] = [];
  private readonly shift: number[] = [];
  private readonly defocusU: number[] = [];
  private readonly defocusV: number[] = [];
  private readonly tilt: Tilt[] = [];

  add(row: number, stack: number, section: number, { rotation, shift, tilt, higher }: ImageNumbers): void {
    this.row.push(row);
    this.stack.push(stack);
    this.section.push(section);
    for (let i = 0; i < 9; i++) this.rotation.push(rotation[i]!);
    this.shift.push(shift[0]!, shift[1]!);
    this.defocusU.push(tilt.defocusU + higher);
    this.defocusV.push(tilt.defocusV + higher);
    this.tilt.push(tilt);
  }

  finish({ stacks }: ParticleMetadata): Omit<TiltImages, "warnings" | "facts" | "tomogramFiles"> {
    const rows = Int32Array.from(this.row);
    const of = (value: (tilt: Tilt) => number) => Float64Array.from(this.tilt, value);
    const dose = of((tilt) => tilt.dose);
    return {
      ...{ particleOf: rows, rowOf: rows, stacks, dose },
      stack: Int32Array.from(this.stack),
      section: Int32Array.from(this.section),
      rotations: Float32Array.from(this.rotation),
      shifts: Float32Array.from(this.shift),
      defocus: {
        defocusU: Float64Array.from(this.defocusU),
        defocusV: Float64Array.from(this.defocusV),
        angle: of((tilt) => tilt.defocusAngle),
        phaseShift: of((tilt) => tilt.phaseShift),
        bFactor: undefined,
        scale: of((tilt) => tilt.scale),
        dose,
      },
    };
  }
}
