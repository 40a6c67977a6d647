import { InputError, throwIfStopped } from "../../errors";
import type { HdfImages } from "../../formats/hdfImages";
import type { ImageStack } from "../../formats/imageStack";
import type { TaskOptions } from "../../progress";
import { CtfTable } from "./eman2Ctf";
import type { Eman2Rows } from "./eman2Rows";
import { eman2Ctf, eman2Pose, isDictionary, isPhaseFlipped } from "./eman2Values";
import type { StackFacts } from "./metadata";

/** What the files of the images say about the rows of a list; the dictionary of a row takes precedence. */
export interface Eman2Images {
  /** Of each stack. */
  stacks: StackFacts[];
  /** CTF of each row, if known. */
  ctf: CtfTable;
  /** Whether the images of each row are phase flipped: 1 or 0, or 2 if nothing says so. */
  flipped: Uint8Array;
  /** Rotation matrices reference → image, [count · 9]; NaN for rows without a transform. */
  rotations: Float32Array;
  /** Positions of the particles in pixels, [count · 2]. */
  shifts: Float32Array;
}

/** Opens stacks by their name in the list. */
export type UseStack = <T>(name: string, work: (stack: ImageStack) => Promise<T>) => Promise<T>;

/**
 * Reads what the image files say, file by file.
 * @param withoutStacks facts of stacks that are missing; default: they are an error
 * @throws InputError for missing files, transforms and CTFs that cannot be read; StoppedError
 */
export async function readEman2Images(
  rows: Eman2Rows,
  use: UseStack,
  { withoutStacks, signal, onProgress }: TaskOptions & { withoutStacks?: StackFacts },
): Promise<Eman2Images> {
  const { count } = rows;
  const found: Eman2Images = {
    stacks: [],
    ctf: new CtfTable(count),
    flipped: new Uint8Array(count),
    rotations: new Float32Array(9 * count).fill(Number.NaN),
    shifts: new Float32Array(2 * count),
  };
  const rowsOfStack: number[][] = rows.stacks.map(() => []);
  for (let row = 0; row < count; row++) rowsOfStack[rows.stack[row]!]!.push(row);
  let done = 0;
  for (const [index, name] of rows.stacks.entries()) {
    throwIfStopped(signal);
    const read = async (stack: ImageStack | undefined) => {
      for (const row of rowsOfStack[index]!) {
        if (++done % reportedRows === 0) {
          throwIfStopped(signal);
          onProgress?.({ task: "reading image headers", done, total: count });
          await new Promise(setImmediate);
        }
        readRow(row, rows, found, name, stack?.hdf);
      }
    };
    const reading = use(name, async (stack) => {
      await read(stack);
      return { boxSize: stack.size[0], apix: stack.apix, images: stack.size[2] };
    });
    found.stacks.push(
      await (withoutStacks
        ? reading.catch(async (error) => {
            if (!(error instanceof InputError)) throw error;
            await read(undefined);
            return withoutStacks;
          })
        : reading),
    );
    onProgress?.({ task: "reading image headers", done, total: count });
  }
  return found;
}

/** Rows between two reports of progress. */
const reportedRows = 4096;

function readRow(
  row: number,
  rows: Eman2Rows,
  found: Eman2Images,
  stack: string,
  hdf: HdfImages | undefined,
): void {
  const section = rows.section[row]!;
  // An image that is not there is reported when it is read, as for all formats. Only what the list does not say is read: headers take
  // most of the time.
  const header = (name: string) =>
    hdf && section < hdf.count ? hdf.attributes(section, [name]).get(name) : undefined;
  const values = rows.values(row);
  const flipped = isPhaseFlipped(stack, header);
  found.flipped[row] = flipped === undefined ? 2 : Number(flipped);
  const ctf = values["ctf"] ?? header("ctf");
  if (ctf !== undefined) {
    const own = eman2Ctf(ctf, `${rows.where(row)}, ctf`);
    // In a list beside a CTF this is a change in µm (EMAN2's programs/e2spa_make3d.py).
    const change = isDictionary(values["ctf"]) ? 0 : Number(values["defocus"] ?? 0);
    found.ctf.set(row, Number.isFinite(change) ? { ...own, defocus: own.defocus + change } : own);
  }
  const transform = values["xform.projection"] ?? header("xform.projection");
  if (transform === undefined || (isDictionary(transform) && Object.keys(transform).length === 0)) return;
  const { rotation, shift } = eman2Pose(transform, `${rows.where(row)}, xform.projection`);
  found.rotations.set(rotation, 9 * row);
  found.shifts.set(shift, 2 * row);
}
