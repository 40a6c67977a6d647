// Entry points of the module that computes networks alone, in a memory that is not shared: the decoder of a page in a browser.
// The code is that of the whole module.

import { dense } from "./dense";
import { head } from "./head";

export { denseChunks } from "./dense";
export { headChunks } from "./head";

/** Works on the task of a layer or of the head at `address` until no chunk is left. */
export function network(address: usize): void {
  const task = load<i32>(address, 8);
  if (task < 3) dense(address);
  else head(address);
}
