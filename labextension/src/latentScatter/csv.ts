import type { ScatterLinks } from "./scatterLinks.js";

/**
 * Table of particles, as pieces of a CSV file.
 * @param ask sends requests to the kernel
 */
export async function readCsv(ask: ScatterLinks["ask"], what: "selected" | "all"): Promise<string[]> {
  const parts: string[] = [];
  // The version of the first answer keeps all pieces consistent
  let version: { version?: number } = {};
  for (let from: number | null = 0; from !== null; ) {
    const { content } = await ask("csv", { what, from, ...version });
    version = { version: content["version"] as number };
    parts.push(content["text"] as string);
    from = content["next"] as number | null;
  }
  return parts;
}

/** Name of a saved file, from the title of the plot. */
export function fileNameOf(title: string, ending: string): string {
  const name = title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${name.slice(0, 80) || "latent-space"}.${ending}`;
}
