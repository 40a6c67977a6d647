/**
 * Binary values inside state. The protocol takes them out of the JSON, sends them as buffers, and says in
 * `buffer_paths` where each belongs (ipywidgets, "Widget messaging protocol", version 2).
 */

export type BufferPath = (string | number)[];

export interface SplitState {
  state: Record<string, unknown>;
  bufferPaths: BufferPath[];
  buffers: ArrayBufferView[];
}

/** A value without its buffers; undefined says that it is one itself. In arrays null keeps the place. */
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

export function splitBuffers(state: Record<string, unknown>): SplitState {
  const out: SplitState = { state: {}, bufferPaths: [], buffers: [] };
  out.state = split(state, [], out) as Record<string, unknown>;
  return out;
}

/** Puts buffers back where they belong. A path that leads nowhere is the sender's mistake. */
export function joinBuffers(
  state: Record<string, unknown>,
  paths: readonly BufferPath[],
  buffers: readonly Uint8Array[],
): void {
  paths.forEach((path, i) => {
    const last = path.at(-1);
    let place: unknown = state;
    for (const step of path.slice(0, -1)) place = (place as Record<string | number, unknown>)?.[step];
    const own = typeof place === "object" && place !== null && last !== "__proto__";
    if (!own || last === undefined || buffers[i] === undefined) {
      throw new TypeError(`buffer_paths: ${JSON.stringify(path)} leads nowhere`);
    }
    (place as Record<string | number, unknown>)[last] = buffers[i];
  });
}
