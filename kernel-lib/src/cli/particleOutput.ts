import path from "node:path";
import { InputError } from "../errors";

/**
 * Particle files are written in the format of the file they come from, and are read by their ending.
 * @throws InputError for an output with the ending of another format
 */
export function requireParticleEnding(out: string, input: string): void {
  const ending = path.extname(input).toLowerCase() === ".cs" ? ".cs" : ".star";
  const found = path.extname(out);
  if (found.toLowerCase() === ending) return;
  throw new InputError(out, `a name that ends in ${ending}, the format of ${input}`, found || "no ending");
}
