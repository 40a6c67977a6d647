import { escapeMarkup, type MimeBundle } from "../display/displayable";
import { rasterised } from "../display/raster";
import { type CommTransport, currentPublish } from "../transport";

/**
 * Still pictures of widgets. A program that executes a notebook and saves it (nbclient, papermill, nbconvert) shows no live
 * view, and the saved page may be read without a kernel and without the views' code. So until a front end that can show views
 * is heard of, displayed widgets are replaced at the end of each cell by a picture of their present state.
 */

/** A widget as a still picture. */
export interface Picture {
  /** The widget in a sentence. */
  text: string;
  /** The widget as HTML. */
  html: string;
  /** The widget as a drawing, if it is one; shown in place of the HTML. */
  svg?: string;
  /** Shown instead of the drawing if it has not been converted to PNG. */
  png?: Uint8Array;
}

/**
 * The picture of a widget that is a drawing. Its HTML is an image with the sentence as alternative text: of inline SVG, a page
 * that is not trusted would keep only the words.
 * @param png shown if the drawing has not been converted. Default: none
 * @example
 * ```ts
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><circle r="9"/></svg>';
 * const picture = drawnPicture("A quarter of a disc", svg);
 * ```
 */
export function drawnPicture(text: string, svg: string, png?: Uint8Array): Picture {
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  const html = `<img src="${source}" alt="${escapeHtml(text)}" style="max-width:100%;height:auto"/>`;
  return { text, html, svg, ...(png && { png }) };
}

/** A value as text, escaped for HTML. */
export const escapeHtml = (value: unknown): string => escapeMarkup(String(value));

/** The forms by media type of a picture. */
export function showStill({ text, html, svg, png }: Picture): MimeBundle {
  if (svg === undefined) return { "text/plain": text, "text/html": html };
  const image = rasterised(svg) ?? png;
  return {
    "text/plain": text,
    "image/svg+xml": svg,
    ...(image ? { "image/png": Buffer.from(image).toString("base64") } : {}),
  };
}

interface Displayed {
  id: string;
  picture(): Picture;
}

const displayed = new Map<string, { picture(): Picture; shown: string | undefined }>();

/**
 * Updates the pictures of displayed widgets, or keeps one more updated from now on.
 * @param added a widget that has just been displayed. Default: none, the pictures are updated
 */
export function trackDisplayed(transport: CommTransport, added?: Displayed): void {
  if (transport.frontEndSeen) {
    displayed.clear();
    return;
  }
  if (added) {
    displayed.set(added.id, { picture: added.picture, shown: undefined });
    return;
  }
  for (const [id, entry] of displayed) {
    const picture = entry.picture();
    const now = picture.svg ?? JSON.stringify(picture);
    if (now === entry.shown) continue;
    entry.shown = now;
    const data = showStill(picture);
    currentPublish()?.("update_display_data", { data, metadata: {}, transient: { display_id: id } });
  }
}
