/*
 * HDF5 in WebAssembly (npm package h5wasm of NIST, public domain, with the HDF5 library, BSD-3-Clause), with types of our own, so
 * that nothing else depends on its types. It is an ES module of 4 MB, which the build bundles into this module: a CommonJS
 * module of Node 20 cannot require it. Files are read on demand, in the calling thread.
 */
import h5wasm from "h5wasm/node";

/** What is used of a group or dataset of h5wasm. */
interface Entity {
  type: string;
  attrs: Readonly<Record<string, { value: unknown }>>;
  shape?: number[] | null;
  value?: unknown;
  keys?(): string[];
}

/** What is used of h5wasm. */
interface Library {
  /** Resolves when the module is compiled. */
  ready: Promise<{ activate_throwing_error_handler(): number }>;
  File: new (
    file: string,
    mode: "r",
  ) => { file_id: bigint; get(path: string): Entity | null; close(): unknown };
  /** A group, which is not looked for before something of it is read. */
  Group: new (
    file: bigint,
    path: string,
  ) => { get_attribute(name: string, json: false): unknown };
}

/** What h5wasm says of an attribute that an object does not have. */
const noAttribute = "name not defined";

const library = h5wasm as unknown as Library;

/** Value of an attribute; a compound of n numbers is an array of one array of n numbers. */
export type Hdf5Value = unknown;

/** A group or dataset. */
export interface Hdf5Object {
  /** Extent of a dataset, slowest dimension first; undefined for a group. */
  shape: readonly number[] | undefined;
  /** Names of attributes. */
  attributes: readonly string[];
  /** @throws Error if it cannot be read */
  attribute(name: string): Hdf5Value;
  /** Names of the members of a group, in alphabetical order. */
  members(): string[];
  /** All values of a dataset, decompressed, in an array of their type. @throws Error if it cannot be read */
  values(): unknown;
}

/** An open file. */
export interface Hdf5File {
  /** The object at a path; undefined if there is none, or a link to another file. */
  get(path: string): Hdf5Object | undefined;
  /**
   * Value of an attribute of a group, in a third of the time that listing its attributes takes; undefined if it has none of that name.
   * @throws Error if there is no such group, or the value cannot be read
   */
  attribute(path: string, name: string): Hdf5Value | undefined;
  close(): void;
}

let loading: Promise<void> | undefined;

/** Opens an HDF5 file. @throws Error with the library's message */
export async function openHdf5(file: string): Promise<Hdf5File> {
  // Without its throwing handler the library prints failures on the standard error, and returns garbage.
  loading ??= library.ready.then((module) => void module.activate_throwing_error_handler());
  await loading;
  const opened = new library.File(file, "r");
  return {
    get: (path) => {
      let found: Entity | null;
      try {
        found = opened.get(path);
      } catch {
        return undefined;
      }
      if (!found || (found.type !== "Group" && found.type !== "Dataset")) return undefined;
      const entity = found;
      const { attrs } = entity;
      return {
        shape: entity.type === "Dataset" ? (entity.shape ?? []) : undefined,
        attributes: Object.keys(attrs),
        attribute: (name) => attrs[name]?.value,
        members: () => entity.keys?.() ?? [],
        values: () => entity.value,
      };
    },
    attribute: (path, name) => {
      try {
        return new library.Group(opened.file_id, path).get_attribute(name, false) ?? undefined;
      } catch (error) {
        if (String((error as Error).message ?? error).includes(noAttribute)) return undefined;
        throw error;
      }
    },
    close: () => void opened.close(),
  };
}
