/**
 * Stands in for the modules of Node, and for what draws still pictures, in the program of an interactive page. The kernel's code
 * imports them, and calls in a page only what is here.
 */

/** Random id of a widget. `crypto.randomUUID` is missing where a page is no secure context, as from a file in some browsers. */
export function randomUUID(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** A value in a message. */
export function inspect(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Pictures of widgets for pages without a kernel are not made here. */
export async function loadRasteriser(): Promise<void> {}

/** No picture. */
export function rasterised(): undefined {
  return undefined;
}

/** No picture. */
export async function pngOf(): Promise<undefined> {
  return undefined;
}
