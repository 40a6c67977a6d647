import { escapeMarkup, type MimeBundle } from "../display/displayable";
import { rasterised } from "../display/raster";
import { type CommTransport, currentPublish } from "./transport";

/**
 * Still pictures of widgets. A program that executes a notebook and saves it (nbclient, papermill, nbconvert) shows
 * no live view, and the page made of it may be read where neither kernel nor the views' code can be had. So as long as
 * no front end that could show a view has been heard of, what was displayed is replaced at the end of each cell by a
 * picture of the state it has then.
 */
export interface Picture {
  /** The widget in a sentence. */
  text: string;
  html: string;
  /** The widget as a drawing, where it is one; then it is shown in place of the HTML. */
  svg?: string;
  /** An image that stands for the drawing while it cannot be made into one. */
  png?: Uint8Array;
}

/**
 * The picture of a widget that is a drawing. As HTML, such as beside other controls, it is an image with its sentence: of SVG in
 * a page that is not trusted the words in it would be left, run together.
 */
export function drawnPicture(text: string, svg: string, png?: Uint8Array): Picture {
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  const html = `<img src="${source}" alt="${escapeHtml(text)}" style="max-width:100%;height:auto"/>`;
  return { text, html, svg, ...(png && { png }) };
}

/** A value as text that may stand in HTML. */
export const escapeHtml = (value: unknown): string => escapeMarkup(String(value));

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

/** Without `added`: brings all pictures up to date. With it: keeps one more up to date from now on. */
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
