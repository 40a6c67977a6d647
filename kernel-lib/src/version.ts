import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * Version of this package, from its package.json.
 * @example
 * ```ts
 * console.log(`e2gmm ${e2.version}`);
 * ```
 */
export const packageVersion: string = JSON.parse(
  readFileSync(path.join(__dirname, "../package.json"), "utf8"),
).version;
