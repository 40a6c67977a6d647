/** The parts of npm's h5wasm (HDF5 in WebAssembly) that are used; its own types need a newer module resolution. */
declare module "h5wasm/node" {
  interface Attribute {
    readonly value: unknown;
  }
  interface Entity {
    readonly type: string;
    readonly attrs: Readonly<Record<string, Attribute>>;
    readonly shape?: number[] | null;
    readonly value?: unknown;
    keys?(): string[];
    get?(path: string): Entity | null;
  }
  class File {
    constructor(file: string, mode: "r");
    get(path: string): Entity | null;
    close(): void;
  }
  const h5wasm: {
    /** Resolves when the module is compiled. */
    ready: Promise<{ activate_throwing_error_handler(): number }>;
    File: typeof File;
  };

  export type { Attribute, Entity };
  export { File };
  export default h5wasm;
}
