import { controlKind, describedTraits, styleClass, styleTrait } from "./controlKinds";
import { domTraits } from "./layout";
import { escapeHtml, type Picture } from "./still";
import { bool, bytes, choice, float, int, list, nullable, text } from "./traits";
import { type Control, type ControlClass, widgetClass } from "./widget";

/**
 * The standard controls of `@jupyter-widgets/controls`, by the names and properties that they have in ipywidgets:
 * `const size = new IntSlider({ description: "Size", max: 20 }); size.observe("value", (value) => …)`.
 */

const barStyles = ["", "success", "info", "warning", "danger"] as const;
const buttonStyles = ["", "primary", "success", "info", "warning", "danger"] as const;
const orientations = ["horizontal", "vertical"] as const;
const dragging = ["drag-tap", "drag-snap", "tap", "drag", "snap"] as const;

const fontTraits = {
  font_family: nullable(text("")),
  font_size: nullable(text("")),
  font_style: nullable(text("")),
  font_variant: nullable(text("")),
  font_weight: nullable(text("")),
  text_color: nullable(text("")),
  text_decoration: nullable(text("")),
};

// ---- still pictures

function labelled(description: string, inner: string, value: string): Picture {
  const name = description === "" ? "" : `<label>${escapeHtml(description)}</label> `;
  return {
    text: description === "" ? value : `${description} ${value}`,
    html: `<div>${name}${inner}</div>`,
  };
}

interface RangeState {
  description: string;
  value: number;
  min: number;
  max: number;
}

const sliderPicture = ({ description, value, min, max }: RangeState) =>
  labelled(
    description,
    `<input type="range" min="${min}" max="${max}" step="any" value="${value}" disabled> ${value}`,
    `${value} (${min} to ${max})`,
  );

const progressPicture = ({ description, value, min, max }: RangeState) =>
  labelled(
    description,
    `<progress max="${max - min}" value="${value - min}"></progress> ${value} / ${max}`,
    `${value} / ${max}`,
  );

const rangePicture = (state: { description: string; value: readonly number[]; min: number; max: number }) => {
  const between = state.value.join(" – ");
  return labelled(state.description, between, `${between} (${state.min} to ${state.max})`);
};

const fieldPicture = ({ description, value }: { description: string; value: unknown }) =>
  labelled(description, `<input value="${escapeHtml(value)}" disabled>`, String(value));

const checkPicture = ({ description, value }: { description: string; value: boolean }) =>
  labelled(description, `<input type="checkbox" disabled${value ? " checked" : ""}>`, value ? "[x]" : "[ ]");

// ---- numbers

function bounded({ value, min, max }: { value: number; min: number; max: number }) {
  if (min > max) throw new TypeError(`min ${min} is above max ${max}`);
  return { value: Math.min(max, Math.max(min, value)) };
}

function boundedRange({ value, min, max }: { value: readonly number[]; min: number; max: number }) {
  if (min > max) throw new TypeError(`min ${min} is above max ${max}`);
  const inside = value.map((end) => Math.min(max, Math.max(min, end)));
  const ordered = inside[0]! <= inside[1]! ? inside : [inside[1]!, inside[0]!];
  // The same array says that nothing had to be corrected.
  return { value: ordered.every((end, i) => end === value[i]) ? value : ordered };
}

const sliderStyle = styleClass("SliderStyle", {
  handle_color: nullable(text("")),
  description_width: text(""),
});
const progressStyle = styleClass("ProgressStyle", {
  bar_color: nullable(text("")),
  description_width: text(""),
});

const sliderTraits = () => ({
  ...describedTraits(),
  style: styleTrait(sliderStyle),
  disabled: bool(false),
  continuous_update: bool(true),
  orientation: choice(orientations, "horizontal"),
  behavior: choice(dragging, "drag-tap"),
  readout: bool(true),
});

/** From where to where a slider goes, in which steps, and how its number is written. */
const intTrack = { min: int(0), max: int(100), step: int(1), readout_format: text("d") };
const floatTrack = {
  min: float(0),
  max: float(100),
  step: nullable(float(0.1), 0.1),
  readout_format: text(".2f"),
};

const intSliderTraits = {
  ...sliderTraits(),
  value: int(0),
  ...intTrack,
};
export const IntSlider: ControlClass<typeof intSliderTraits> = widgetClass(
  controlKind("IntSlider", intSliderTraits, { settle: bounded, picture: sliderPicture }),
);
export type IntSlider = Control<typeof intSliderTraits>;

const floatSliderTraits = {
  ...sliderTraits(),
  value: float(0),
  ...floatTrack,
};
export const FloatSlider: ControlClass<typeof floatSliderTraits> = widgetClass(
  controlKind("FloatSlider", floatSliderTraits, { settle: bounded, picture: sliderPicture }),
);
export type FloatSlider = Control<typeof floatSliderTraits>;

const floatLogSliderTraits = {
  ...sliderTraits(),
  value: float(1),
  base: float(10),
  min: float(0),
  max: float(4),
  step: float(0.1),
  readout_format: text(".3g"),
};
/** `min` and `max` are exponents of `base`. */
export const FloatLogSlider: ControlClass<typeof floatLogSliderTraits> = widgetClass(
  controlKind("FloatLogSlider", floatLogSliderTraits, {
    settle: ({ value, base, min, max }) => bounded({ value, min: base ** min, max: base ** max }),
    picture: ({ description, value, base, min, max }) =>
      sliderPicture({ description, value, min: base ** min, max: base ** max }),
  }),
);
export type FloatLogSlider = Control<typeof floatLogSliderTraits>;

const intRangeTraits = {
  ...sliderTraits(),
  value: list(int(0), () => [25, 75], 2),
  ...intTrack,
};
export const IntRangeSlider: ControlClass<typeof intRangeTraits> = widgetClass(
  controlKind("IntRangeSlider", intRangeTraits, { settle: boundedRange, picture: rangePicture }),
);
export type IntRangeSlider = Control<typeof intRangeTraits>;

const floatRangeTraits = {
  ...sliderTraits(),
  value: list(float(0), () => [25, 75], 2),
  ...floatTrack,
};
export const FloatRangeSlider: ControlClass<typeof floatRangeTraits> = widgetClass(
  controlKind("FloatRangeSlider", floatRangeTraits, { settle: boundedRange, picture: rangePicture }),
);
export type FloatRangeSlider = Control<typeof floatRangeTraits>;

const fieldTraits = () => ({ ...describedTraits(), disabled: bool(false), continuous_update: bool(false) });

const intTextTraits = { ...fieldTraits(), value: int(0), step: int(1) };
export const IntText: ControlClass<typeof intTextTraits> = widgetClass(
  controlKind("IntText", intTextTraits, { picture: fieldPicture }),
);
export type IntText = Control<typeof intTextTraits>;

const floatTextTraits = { ...fieldTraits(), value: float(0), step: nullable(float(1)) };
export const FloatText: ControlClass<typeof floatTextTraits> = widgetClass(
  controlKind("FloatText", floatTextTraits, { picture: fieldPicture }),
);
export type FloatText = Control<typeof floatTextTraits>;

const boundedIntTextTraits = { ...intTextTraits, min: int(0), max: int(100) };
export const BoundedIntText: ControlClass<typeof boundedIntTextTraits> = widgetClass(
  controlKind("BoundedIntText", boundedIntTextTraits, {
    settle: bounded,
    picture: fieldPicture,
    view: "IntTextView",
  }),
);
export type BoundedIntText = Control<typeof boundedIntTextTraits>;

const boundedFloatTextTraits = { ...floatTextTraits, min: float(0), max: float(100) };
export const BoundedFloatText: ControlClass<typeof boundedFloatTextTraits> = widgetClass(
  controlKind("BoundedFloatText", boundedFloatTextTraits, {
    settle: bounded,
    picture: fieldPicture,
    view: "FloatTextView",
  }),
);
export type BoundedFloatText = Control<typeof boundedFloatTextTraits>;

const progressTraits = () => ({
  ...describedTraits(),
  style: styleTrait(progressStyle),
  bar_style: choice(barStyles, ""),
  orientation: choice(orientations, "horizontal"),
});

const intProgressTraits = { ...progressTraits(), value: int(0), min: int(0), max: int(100) };
export const IntProgress: ControlClass<typeof intProgressTraits> = widgetClass(
  controlKind("IntProgress", intProgressTraits, {
    settle: bounded,
    picture: progressPicture,
    view: "ProgressView",
  }),
);
export type IntProgress = Control<typeof intProgressTraits>;

const floatProgressTraits = { ...progressTraits(), value: float(0), min: float(0), max: float(100) };
export const FloatProgress: ControlClass<typeof floatProgressTraits> = widgetClass(
  controlKind("FloatProgress", floatProgressTraits, {
    settle: bounded,
    picture: progressPicture,
    view: "ProgressView",
  }),
);
export type FloatProgress = Control<typeof floatProgressTraits>;

// ---- yes or no

const checkboxStyle = styleClass("CheckboxStyle", {
  background: nullable(text("")),
  description_width: text(""),
});
const toggleButtonStyle = styleClass("ToggleButtonStyle", {
  description_width: text(""),
  ...fontTraits,
});

const checkboxTraits = {
  ...describedTraits(),
  style: styleTrait(checkboxStyle),
  value: bool(false),
  disabled: bool(false),
  indent: bool(true),
};
export const Checkbox: ControlClass<typeof checkboxTraits> = widgetClass(
  controlKind("Checkbox", checkboxTraits, { picture: checkPicture }),
);
export type Checkbox = Control<typeof checkboxTraits>;

const toggleButtonTraits = {
  ...describedTraits(),
  style: styleTrait(toggleButtonStyle),
  value: bool(false),
  disabled: bool(false),
  icon: text(""),
  button_style: choice(buttonStyles, ""),
};
export const ToggleButton: ControlClass<typeof toggleButtonTraits> = widgetClass(
  controlKind("ToggleButton", toggleButtonTraits, { picture: checkPicture }),
);
export type ToggleButton = Control<typeof toggleButtonTraits>;

const validTraits = {
  ...describedTraits(),
  value: bool(false),
  disabled: bool(false),
  readout: text("Invalid"),
};
export const Valid: ControlClass<typeof validTraits> = widgetClass(
  controlKind("Valid", validTraits, { picture: checkPicture }),
);
export type Valid = Control<typeof validTraits>;

// ---- texts

const textStyle = styleClass("TextStyle", {
  background: nullable(text("")),
  description_width: text(""),
  font_size: nullable(text("")),
  text_color: nullable(text("")),
});
const htmlStyle = styleClass("HTMLStyle", {
  background: nullable(text("")),
  description_width: text(""),
  font_size: nullable(text("")),
  text_color: nullable(text("")),
});
const labelStyle = styleClass("LabelStyle", {
  background: nullable(text("")),
  description_width: text(""),
  ...fontTraits,
});

/** ipywidgets writes a zero-width space, so that an empty field keeps its height. */
const PLACEHOLDER = "\u200b";

const textTraits = {
  ...describedTraits(),
  style: styleTrait(textStyle),
  value: text(""),
  placeholder: text(PLACEHOLDER),
  disabled: bool(false),
  continuous_update: bool(true),
};
const textKind = controlKind("Text", textTraits, { picture: fieldPicture });

/** A line of text. */
export class Text extends widgetClass(textKind) {
  /** Calls `handler` when the person presses Enter. @returns a function that ends it */
  onSubmit(handler: (value: string) => unknown): () => void {
    return this.onMessage((content) =>
      (content as { event?: unknown } | null)?.event === "submit" ? handler(this.get("value")) : undefined,
    );
  }
}

const textareaTraits = { ...textTraits, rows: nullable(int(1)) };
export const Textarea: ControlClass<typeof textareaTraits> = widgetClass(
  controlKind("Textarea", textareaTraits, { picture: fieldPicture }),
);
export type Textarea = Control<typeof textareaTraits>;

const labelTraits = {
  ...describedTraits(),
  style: styleTrait(labelStyle),
  value: text(""),
  placeholder: text(PLACEHOLDER),
};
export const Label: ControlClass<typeof labelTraits> = widgetClass(
  controlKind("Label", labelTraits, {
    picture: ({ description, value }) => labelled(description, escapeHtml(value), value),
  }),
);
export type Label = Control<typeof labelTraits>;

const htmlTraits = { ...labelTraits, style: styleTrait(htmlStyle) };
/** Shows its value as HTML: only what the notebook's author wrote belongs there. */
export const HTML: ControlClass<typeof htmlTraits> = widgetClass(
  controlKind("HTML", htmlTraits, {
    picture: ({ description, value }) => labelled(description, value, value.replace(/<[^>]*>/g, "")),
  }),
);
export type HTML = Control<typeof htmlTraits>;

const imageTraits = {
  ...domTraits(),
  value: bytes(),
  format: text("png"),
  width: text(""),
  height: text(""),
};
/** An encoded image. */
export const Image: ControlClass<typeof imageTraits> = widgetClass(
  controlKind("Image", imageTraits, {
    picture: ({ value, format, width, height }) => {
      const size = `${width === "" ? "" : ` width="${escapeHtml(width)}"`}${height === "" ? "" : ` height="${escapeHtml(height)}"`}`;
      const source = `data:image/${escapeHtml(format)};base64,${Buffer.from(value).toString("base64")}`;
      return {
        text: `image/${format}, ${value.length} bytes`,
        html: `<img src="${source}"${size}>`,
        ...(format === "png" ? { png: value } : {}),
      };
    },
  }),
);
export type Image = Control<typeof imageTraits>;

// ---- buttons

const buttonStyle = styleClass("ButtonStyle", {
  button_color: nullable(text("")),
  ...fontTraits,
});

const buttonTraits = {
  ...domTraits(),
  style: styleTrait(buttonStyle),
  description: text(""),
  disabled: bool(false),
  icon: text(""),
  button_style: choice(buttonStyles, ""),
};
const buttonKind = controlKind("Button", buttonTraits, {
  picture: ({ description }) => ({
    text: `[ ${description} ]`,
    html: `<button disabled>${escapeHtml(description)}</button>`,
  }),
});

export class Button extends widgetClass(buttonKind) {
  /** Calls `handler` for every click. @returns a function that ends it */
  onClick(handler: () => unknown): () => void {
    return this.onMessage((content) =>
      (content as { event?: unknown } | null)?.event === "click" ? handler() : undefined,
    );
  }
}
