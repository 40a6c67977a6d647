import { readFileSync } from "node:fs";
import path from "node:path";

/** The WebAssembly module in which a page computes the networks of a decoder. */
export function networksModule(): Uint8Array {
  return new Uint8Array(readFileSync(path.join(__dirname, "../../wasm/networks.wasm")));
}
