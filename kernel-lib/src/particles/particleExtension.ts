import path from "node:path";
import { isHdfName } from "../formats/hdfImages";
import type { ParticleExtension } from "./metadata/metadata";

/** Extension of particle files that are written in the format of another, from the name of that. */
export function particleExtension(file: string): ParticleExtension {
  if (isHdfName(file)) return ".lst";
  const extension = path.extname(file).toLowerCase();
  if (extension === ".lst") return extension;
  return extension === ".cs" || extension === ".csg" ? ".cs" : ".star";
}
