import { readFile } from "node:fs/promises";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { numpyHeaderBytes } from "./numpyHeader";

/** An array of numbers from a `.npy` file. */
export interface NumpyArray {
  /** One or two numbers; the last changes fastest. */
  shape: number[];
  /** Values, row by row. */
  values: Float64Array;
}

const readers = {
  f4: (view: DataView, at: number, little: boolean) => view.getFloat32(at, little),
  f8: (view: DataView, at: number, little: boolean) => view.getFloat64(at, little),
  i4: (view: DataView, at: number, little: boolean) => view.getInt32(at, little),
  i8: (view: DataView, at: number, little: boolean) => Number(view.getBigInt64(at, little)),
};

/**
 * Reads a `.npy` file with an array of one or two dimensions of float32, float64, int32 or int64 numbers.
 * @throws InputError for anything else
 */
export async function readNumpyArray(file: string): Promise<NumpyArray> {
  const bytes = await readFile(file).catch((error) => {
    throw withFileName(file, error);
  });
  const start = numpyHeaderBytes(bytes);
  if (start === undefined || start > bytes.length) {
    throw new InputError(file, "a NumPy array (.npy) of version 1, 2 or 3", "something else");
  }
  const header = bytes.subarray(10, start).toString("latin1");
  const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,?\s*(\d+)?\s*,?\s*\)/.exec(header);
  const type = /'descr'\s*:\s*'([<>])(f4|f8|i4|i8)'/.exec(header);
  if (!shape || !type || !/'fortran_order'\s*:\s*False/.test(header)) {
    const expected = "one or two dimensions of float32, float64, int32 or int64, in C order";
    throw new InputError(`${file}: header`, expected, header.trim().slice(0, 80));
  }
  const sizes = [shape[1]!, ...(shape[2] === undefined ? [] : [shape[2]])].map(Number);
  const count = sizes.reduce((product, n) => product * n, 1);
  const kind = type[2] as keyof typeof readers;
  const width = Number(kind[1]);
  if (bytes.length !== start + count * width) {
    throw new InputError(file, `${start + count * width} bytes, as its header says`, `${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = readers[kind];
  const little = type[1] === "<";
  return {
    shape: sizes,
    values: Float64Array.from({ length: count }, (_, i) => read(view, start + i * width, little)),
  };
}
