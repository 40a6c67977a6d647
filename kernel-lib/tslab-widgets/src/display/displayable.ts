/** A value's forms by media type. Binary forms are base64. */
export interface MimeBundle {
  /** The value as text, for front ends that can show nothing else. */
  "text/plain": string;
  [mediaType: string]: string;
}

/**
 * A value with a method of this name shows as the bundle that the method returns, in any kernel that knows the symbol.
 * @example
 * ```ts
 * class Alert {
 *   [displaySymbol](): MimeBundle {
 *     return { "text/plain": "Careful!", "text/html": "<b>Careful!</b>" };
 *   }
 * }
 * ```
 */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

/** A bundle, and the additional data sent by kernels with comms. */
export interface LiveBundle {
  /** The forms. */
  data: MimeBundle;
  /** Metadata of the output. */
  metadata: object;
  /** `display_id`: the id under which the output can be replaced later. */
  transient?: { display_id?: string };
}

/** A value that decides how a notebook shows it. */
export interface Displayable {
  /** The forms in which the value shows; the front end takes the richest that it knows. */
  [displaySymbol](): MimeBundle | LiveBundle | Promise<MimeBundle | LiveBundle>;
}

/**
 * The forms by media type, whichever of the two bundles a display method returned.
 * @example
 * ```ts
 * const slider = new IntSlider({ value: 4 });
 * const text = formsOf(slider[displaySymbol]())["text/plain"];
 * ```
 */
export function formsOf(shown: MimeBundle | LiveBundle): MimeBundle {
  return typeof shown.data === "object" ? shown.data : (shown as MimeBundle);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Escapes text for HTML and SVG, attributes included; control characters that XML forbids become U+FFFD.
 * @example
 * ```ts
 * const html = `<b>${escapeMarkup("a < b")}</b>`;
 * ```
 */
export function escapeMarkup(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (character) => entities[character]!)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach an XML parser
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
  );
}
