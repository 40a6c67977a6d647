/** npm's h5wasm, whose types need a newer module resolution than that of this package; see hdf5Module.ts. */
declare module "h5wasm/node";
