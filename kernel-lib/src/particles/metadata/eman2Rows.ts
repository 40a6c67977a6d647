import path from "node:path";
import { HdfImages } from "../../formats/hdfImages";
import { isHdfFile } from "../../formats/imageStack";
import { LstFile, type LstValues, lstLine } from "../../formats/lstFile";

/** The images that a list, or an HDF5 file with all its images, names. */
export interface Eman2Rows {
  readonly file: string;
  readonly count: number;
  /** Names of the image files. */
  readonly stacks: readonly string[];
  /** Index into `stacks` of each row. */
  readonly stack: Int32Array;
  /** Number of each image in its file, from 0. */
  readonly section: Int32Array;
  /** Keys of the first rows. */
  readonly keys: readonly string[];
  /** The dictionary of a row. */
  values(row: number): LstValues;
  /** Place of a row for messages. */
  where(row: number): string;
  /** Line of a list for a row, with some values changed or added; the row's own line if there are none. */
  line(row: number, changed?: LstValues): string;
}

/** Rows whose keys are collected. */
const sampledRows = 50;

/** Reads a list, or makes one of the images of an HDF5 file. @throws InputError for a malformed file */
export async function readEman2Rows(file: string): Promise<Eman2Rows> {
  return (await isHdfFile(file)) ? rowsOfHdf(file) : rowsOfList(await LstFile.read(file));
}

function rowsOfList(list: LstFile): Eman2Rows {
  const { count, file } = list;
  const stacks: string[] = [];
  const known = new Map<string, number>();
  const stack = new Int32Array(count);
  const section = new Int32Array(count);
  const keys = new Set<string>();
  for (let row = 0; row < count; row++) {
    const entry = list.entry(row);
    // `name.hdf:8` is how EMAN2 is told to write with 8 bits; the file is name.hdf.
    const name = entry.file.replace(/(\.hdf5?|\.h5):[\d:.f]*$/i, "$1");
    let index = known.get(name);
    if (index === undefined) {
      index = stacks.push(name) - 1;
      known.set(name, index);
    }
    stack[row] = index;
    section[row] = entry.image;
    if (row < sampledRows) for (const key of Object.keys(entry.values)) keys.add(key);
  }
  return {
    file,
    count,
    stacks,
    stack,
    section,
    keys: [...keys].sort(),
    values: (row) => list.entry(row).values,
    where: (row) => list.where(row),
    line: (row, changed) => {
      if (!changed) return list.text(row);
      const entry = list.entry(row);
      return lstLine({ ...entry, values: { ...entry.values, ...changed } });
    },
  };
}

async function rowsOfHdf(file: string): Promise<Eman2Rows> {
  const images = await HdfImages.open(file);
  const { count } = images;
  images.close();
  return {
    file,
    count,
    // Its own name, whatever the working folder is
    stacks: [path.basename(file)],
    stack: new Int32Array(count),
    section: Int32Array.from({ length: count }, (_, i) => i),
    keys: [],
    values: () => ({}),
    where: (row) => `${file}: image ${row}`,
    line: (row, changed = {}) => lstLine({ image: row, file: path.resolve(file), values: changed }),
  };
}
