import { type Control, type ControlClass, widgetClass } from "../control";
import { domTraits } from "../layout";
import { escapeHtml } from "../still";
import { bool, bytes, int, nullable, text } from "../traits";
import {
  controlKind,
  describedTraits,
  fieldPicture,
  fontTraits,
  labelled,
  styleClass,
  styleTrait,
} from "./kinds";

/** Text fields, labels, HTML and images. */

const plainStyle = {
  /** CSS colour of the background. */
  background: nullable(text("")),
  /** CSS width of the description. */
  description_width: text(""),
  /** CSS `font-size`. */
  font_size: nullable(text("")),
  /** CSS colour of the text. */
  text_color: nullable(text("")),
};
const textStyle = styleClass("TextStyle", plainStyle);
const htmlStyle = styleClass("HTMLStyle", plainStyle);
const labelStyle = styleClass("LabelStyle", {
  /** CSS colour of the background. */
  background: nullable(text("")),
  /** CSS width of the description. */
  description_width: text(""),
  ...fontTraits,
});

/** A zero-width space, as in ipywidgets: an empty field keeps its height. */
const emptyPlaceholder = "\u200b";

const textEntries = {
  /** Colours and fonts. */
  style: styleTrait(textStyle),
  /** The text. Default: empty. */
  value: text(""),
  /** Shown while the field is empty. */
  placeholder: text(emptyPlaceholder),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Whether the value changes while the user types. Default: true. */
  continuous_update: bool(true),
};
const textTraits = describedTraits(textEntries);

/**
 * A field for one line of text.
 * @example
 * ```ts
 * const name = new Text({ description: "Name" });
 * name.onSubmit((value) => console.log(value));
 * name
 * ```
 */
export class Text extends widgetClass(controlKind("Text", textTraits, { picture: fieldPicture })) {
  /** Calls `handler` when the user presses Enter. @returns a function that ends this */
  onSubmit(handler: (value: string) => unknown): () => void {
    return this.onMessage((content) =>
      (content as { event?: unknown } | null)?.event === "submit" ? handler(this.get("value")) : undefined,
    );
  }
}

const textareaTraits = describedTraits({
  ...textEntries,
  /** Visible rows. */
  rows: nullable(int(1)),
});
/** A field for several lines of text. */
export const Textarea: ControlClass<typeof textareaTraits> = widgetClass(
  controlKind("Textarea", textareaTraits, { picture: fieldPicture }),
);
/** See {@link Textarea:variable}. */
export type Textarea = Control<typeof textareaTraits>;

const labelEntries = {
  /** Colours and fonts. */
  style: styleTrait(labelStyle),
  /** The text. Default: empty. */
  value: text(""),
  /** Shown while the field is empty. */
  placeholder: text(emptyPlaceholder),
};
const labelTraits = describedTraits(labelEntries);
/** Shows `value` as text. */
export const Label: ControlClass<typeof labelTraits> = widgetClass(
  controlKind("Label", labelTraits, {
    picture: ({ description, value }) => labelled(description, escapeHtml(value), value),
  }),
);
/** See {@link Label:variable}. */
export type Label = Control<typeof labelTraits>;

const htmlTraits = describedTraits({
  ...labelEntries,
  /** Colours and fonts. */
  style: styleTrait(htmlStyle),
});
/** Shows `value` as HTML, unescaped: only markup of the notebook's author belongs there. */
export const HTML: ControlClass<typeof htmlTraits> = widgetClass(
  controlKind("HTML", htmlTraits, {
    picture: ({ description, value }) => labelled(description, value, value.replace(/<[^>]*>/g, "")),
  }),
);
/** See {@link HTML:variable}. */
export type HTML = Control<typeof htmlTraits>;

const imageTraits = domTraits({
  /** Bytes of the file. */
  value: bytes(),
  /** Kind of the file: `png`, `jpeg`, `svg+xml`, … */
  format: text("png"),
  /** Width in pixels. Default: that of the image. */
  width: text(""),
  /** Height in pixels. Default: that of the image. */
  height: text(""),
});

const attribute = (name: string, value: string) => (value === "" ? "" : ` ${name}="${escapeHtml(value)}"`);

/** Shows an encoded image: `value` holds the bytes of a file, `format` (png) says which kind. */
export const Image: ControlClass<typeof imageTraits> = widgetClass(
  controlKind("Image", imageTraits, {
    picture: ({ value, format, width, height }) => {
      const size = attribute("width", width) + attribute("height", height);
      const source = `data:image/${escapeHtml(format)};base64,${Buffer.from(value).toString("base64")}`;
      return {
        text: `image/${format}, ${value.length} bytes`,
        html: `<img src="${source}"${size}>`,
        ...(format === "png" ? { png: value } : {}),
      };
    },
  }),
);
/** See {@link Image:variable}. */
export type Image = Control<typeof imageTraits>;
