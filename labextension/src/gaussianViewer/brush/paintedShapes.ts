import type { MaskShape } from "e2gmm/messages/maskShapes";

/** Name of the shapes that are painted. */
const name = "painted";

/**
 * The shapes of a region after Gaussians were painted: they join the last shape if that was painted in the same mode, else they are a new
 * one.
 * @param indices of Gaussians of the neutral model
 * @returns undefined if nothing changes
 */
export function paintedShapes(
  shapes: readonly MaskShape[],
  mode: MaskShape["mode"],
  indices: readonly number[],
): MaskShape[] | undefined {
  const last = shapes.at(-1);
  const goesOn = last?.kind === "gaussians" && last.name === name && last.mode === mode;
  const before = goesOn ? last.indices : [];
  const known = new Set(before);
  const added = indices.filter((index) => !known.has(index));
  // There is nothing to take out of an empty region
  if (added.length === 0 || (mode === "subtract" && shapes.length === 0)) return undefined;
  const all = [...before, ...added].sort((a, b) => a - b);
  return [...(goesOn ? shapes.slice(0, -1) : shapes), { kind: "gaussians", mode, name, indices: all }];
}
