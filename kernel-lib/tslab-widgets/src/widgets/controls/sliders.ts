import { type Control, type ControlClass, widgetClass } from "../control";
import type { Picture } from "../still";
import { bool, choice, float, int, list, nullable, text } from "../traits";
import { bounded, boundedRange } from "./bounds";
import { controlKind, describedTraits, labelled, orientations, styleClass, styleTrait } from "./kinds";

/** Sliders with one handle or two. */

const behaviors = ["drag-tap", "drag-snap", "tap", "drag", "snap"] as const;

const sliderStyle = styleClass("SliderStyle", {
  /** CSS colour of the handle. */
  handle_color: nullable(text("")),
  /** CSS width of the description. */
  description_width: text(""),
});

const sliderEntries = {
  /** Colours and fonts. */
  style: styleTrait(sliderStyle),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Whether the value changes while the handle is dragged, not only when it is released. Default: true. */
  continuous_update: bool(true),
  /** Orientation. */
  orientation: choice(orientations, "horizontal"),
  /** How the handle can be moved. */
  behavior: choice(behaviors, "drag-tap"),
  /** Whether the value is shown beside the control. Default: true. */
  readout: bool(true),
};

/** Bounds and step of a slider, and the format of its number. */
const intTrack = {
  /** Lower bound. */
  min: int(0),
  /** Upper bound. */
  max: int(100),
  /** Distance between neighbouring values. */
  step: int(1),
  /** Format of the number, in the notation of d3-format. */
  readout_format: text("d"),
};
const floatTrack = {
  /** Lower bound. */
  min: float(0),
  /** Upper bound. */
  max: float(100),
  /** Distance between neighbouring values. */
  step: nullable(float(0.1), 0.1),
  /** Format of the number, in the notation of d3-format. */
  readout_format: text(".2f"),
};

const sliderPicture = (state: { description: string; value: number; min: number; max: number }): Picture =>
  labelled(
    state.description,
    `<input type="range" min="${state.min}" max="${state.max}" step="any" value="${state.value}" disabled> ${state.value}`,
    `${state.value} (${state.min} to ${state.max})`,
  );

function rangePicture(state: {
  description: string;
  value: readonly number[];
  min: number;
  max: number;
}): Picture {
  const between = state.value.join(" – ");
  return labelled(state.description, between, `${between} (${state.min} to ${state.max})`);
}

const intSliderTraits = describedTraits({
  ...sliderEntries,
  /** The value. Default: 0. */
  value: int(0),
  ...intTrack,
});
/**
 * A slider for whole numbers, from `min` (0) to `max` (100) in steps of `step` (1).
 * @example
 * ```ts
 * const size = new IntSlider({ description: "Size", value: 5, max: 20 });
 * size.observe("value", (value) => console.log(value));
 * size
 * ```
 */
export const IntSlider: ControlClass<typeof intSliderTraits> = widgetClass(
  controlKind("IntSlider", intSliderTraits, { settle: bounded, picture: sliderPicture }),
);
/** See {@link IntSlider:variable}. */
export type IntSlider = Control<typeof intSliderTraits>;

const floatSliderTraits = describedTraits({
  ...sliderEntries,
  /** The value. Default: 0. */
  value: float(0),
  ...floatTrack,
});
/** A slider for numbers, from `min` (0) to `max` (100) in steps of `step` (0.1). */
export const FloatSlider: ControlClass<typeof floatSliderTraits> = widgetClass(
  controlKind("FloatSlider", floatSliderTraits, { settle: bounded, picture: sliderPicture }),
);
/** See {@link FloatSlider:variable}. */
export type FloatSlider = Control<typeof floatSliderTraits>;

const floatLogSliderTraits = describedTraits({
  ...sliderEntries,
  /** The value. Default: 1. */
  value: float(1),
  /** Base of the logarithm. Default: 10. */
  base: float(10),
  /** Lower bound. */
  min: float(0),
  /** Upper bound. */
  max: float(4),
  /** Distance between neighbouring values. */
  step: float(0.1),
  /** Format of the number, in the notation of d3-format. */
  readout_format: text(".3g"),
});
/** A slider on a logarithmic scale. `min` (0), `max` (4) and `step` (0.1) are exponents of `base` (10); `value` (1) is not. */
export const FloatLogSlider: ControlClass<typeof floatLogSliderTraits> = widgetClass(
  controlKind("FloatLogSlider", floatLogSliderTraits, {
    settle: ({ value, base, min, max }) => bounded({ value, min: base ** min, max: base ** max }),
    picture: ({ description, value, base, min, max }) =>
      sliderPicture({ description, value, min: base ** min, max: base ** max }),
  }),
);
/** See {@link FloatLogSlider:variable}. */
export type FloatLogSlider = Control<typeof floatLogSliderTraits>;

const intRangeTraits = describedTraits({
  ...sliderEntries,
  /** The lower and the upper end. Default: [25, 75]. */
  value: list(int(0), () => [25, 75], 2),
  ...intTrack,
});
/** A slider with two handles; `value` ([25, 75]) holds the lower and the upper whole number. */
export const IntRangeSlider: ControlClass<typeof intRangeTraits> = widgetClass(
  controlKind("IntRangeSlider", intRangeTraits, { settle: boundedRange, picture: rangePicture }),
);
/** See {@link IntRangeSlider:variable}. */
export type IntRangeSlider = Control<typeof intRangeTraits>;

const floatRangeTraits = describedTraits({
  ...sliderEntries,
  /** The lower and the upper end. Default: [25, 75]. */
  value: list(float(0), () => [25, 75], 2),
  ...floatTrack,
});
/** A slider with two handles; `value` ([25, 75]) holds the lower and the upper number. */
export const FloatRangeSlider: ControlClass<typeof floatRangeTraits> = widgetClass(
  controlKind("FloatRangeSlider", floatRangeTraits, { settle: boundedRange, picture: rangePicture }),
);
/** See {@link FloatRangeSlider:variable}. */
export type FloatRangeSlider = Control<typeof floatRangeTraits>;
