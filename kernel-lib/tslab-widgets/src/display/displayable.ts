/** A value's forms by media type. Binary forms are base64. */
export interface MimeBundle {
  "text/plain": string;
  [mediaType: string]: string;
}

/** A value that has a method of this name shows as the bundle which the method returns, in any kernel that knows it. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

/** A bundle with what a kernel that has comms sends beside it, such as the id under which it is replaced later. */
export interface LiveBundle {
  data: MimeBundle;
  metadata: object;
  transient?: { display_id?: string };
}

/** What a notebook shows as more than text. */
export interface Displayable {
  [displaySymbol](): MimeBundle | LiveBundle | Promise<MimeBundle | LiveBundle>;
}

/** The forms by media type, whichever of the two a display method returned. */
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

/** Text as it may stand in HTML and SVG, in attributes too; control characters that XML forbids become U+FFFD. */
export function escapeMarkup(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (character) => entities[character]!)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach an XML parser
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
  );
}
