/**
 * Binary values inside state. The protocol moves them from the JSON to buffers, and lists in `buffer_paths` where each belongs
 * (ipywidgets, "Widget messaging protocol", version 2).
 */

/** Keys and indices that lead to a buffer. */
export type BufferPath = (string | number)[];

/** State without its buffers. */
export interface SplitState {
  /** State without the buffers. */
  state: Record<string, unknown>;
  /** Where each buffer belongs. */
  bufferPaths: BufferPath[];
  /** The buffers, in the order of their paths. */
  buffers: ArrayBufferView[];
}

/** A value without its buffers; undefined for a buffer. In arrays null takes its place. */
function split(value: unknown, path: BufferPath, out: SplitState): unknown {
  if (ArrayBuffer.isView(value)) {
    out.bufferPaths.push(path);
    out.buffers.push(value);
    return undefined;
  }
  if (Array.isArray(value)) return value.map((element, i) => split(element, [...path, i], out) ?? null);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, element]) => [key, split(element, [...path, key], out)] as const)
        .filter(([, element]) => element !== undefined),
    );
  }
  return value;
}

/** Separates state from its buffers. */
export function splitBuffers(state: Record<string, unknown>): SplitState {
  const out: SplitState = { state: {}, bufferPaths: [], buffers: [] };
  out.state = split(state, [], out) as Record<string, unknown>;
  return out;
}

/** The own entry of an object or array; undefined for an inherited one. */
function stepInto(place: unknown, step: string | number): unknown {
  const inside = typeof place === "object" && place !== null && Object.hasOwn(place, step);
  return inside ? (place as Record<string | number, unknown>)[step] : undefined;
}

/** Inserts buffers at their paths in the state. @throws TypeError for an invalid path */
export function joinBuffers(
  state: Record<string, unknown>,
  paths: readonly BufferPath[],
  buffers: readonly Uint8Array[],
): void {
  paths.forEach((path, i) => {
    const last = path.at(-1);
    const place = path.slice(0, -1).reduce<unknown>(stepInto, state);
    const found = typeof place === "object" && place !== null;
    if (!found || last === undefined || last === "__proto__" || buffers[i] === undefined) {
      throw new TypeError(`buffer_paths: ${JSON.stringify(path)} leads nowhere`);
    }
    (place as Record<string | number, unknown>)[last] = buffers[i];
  });
}
