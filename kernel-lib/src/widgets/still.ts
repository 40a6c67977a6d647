import { escapeMarkup, type MimeBundle } from "../display/displayable";
import { type CommTransport, currentPublish } from "./transport";

/**
 * Still pictures of widgets. A program that executes a notebook and saves it (nbclient, papermill, nbconvert) shows
 * no live view, and the page made of it may be read where neither kernel nor the views' code can be had. So as long as
 * no front end that could show a view has been heard of, what was displayed is replaced at the end of each cell by a
 * picture of the state it has then.
 */
export interface Picture {
  text: string;
  html: string;
  /** An image that stands for the widget where there is one. */
  png?: Uint8Array;
}

/** A value as text that may stand in HTML. */
export const escapeHtml = (value: unknown): string => escapeMarkup(String(value));

export function showStill({ text, html, png }: Picture): MimeBundle {
  return {
    "text/plain": text,
    "text/html": html,
    ...(png ? { "image/png": Buffer.from(png).toString("base64") } : {}),
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
    const data = showStill(entry.picture());
    const now = JSON.stringify(data);
    if (now === entry.shown) continue;
    entry.shown = now;
    currentPublish()?.("update_display_data", { data, metadata: {}, transient: { display_id: id } });
  }
}
