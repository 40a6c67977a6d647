import { type Control, type ControlClass, widgetClass } from "../control";
import type { Picture } from "../still";
import { bool, choice, float, int, nullable, text } from "../traits";
import { bounded } from "./bounds";
import {
  barStyles,
  controlKind,
  describedTraits,
  descriptionStyle,
  fieldPicture,
  labelled,
  orientations,
  styleClass,
  styleTrait,
} from "./kinds";

/** Input fields for numbers, and progress bars. */

const fieldEntries = {
  /** Width of the description. */
  style: descriptionStyle,
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Whether the value changes while the user types. Default: false. */
  continuous_update: bool(false),
};

const intTextEntries = {
  ...fieldEntries,
  /** The value. Default: 0. */
  value: int(0),
  /** Distance between neighbouring values. */
  step: int(1),
};
const intTextTraits = describedTraits(intTextEntries);
/** An input field for a whole number. */
export const IntText: ControlClass<typeof intTextTraits> = widgetClass(
  controlKind("IntText", intTextTraits, { picture: fieldPicture }),
);
/** See {@link IntText:variable}. */
export type IntText = Control<typeof intTextTraits>;

const floatTextEntries = {
  ...fieldEntries,
  /** The value. Default: 0. */
  value: float(0),
  /** Distance between neighbouring values. */
  step: nullable(float(1)),
};
const floatTextTraits = describedTraits(floatTextEntries);
/** An input field for a number. */
export const FloatText: ControlClass<typeof floatTextTraits> = widgetClass(
  controlKind("FloatText", floatTextTraits, { picture: fieldPicture }),
);
/** See {@link FloatText:variable}. */
export type FloatText = Control<typeof floatTextTraits>;

const boundedIntTextTraits = describedTraits({
  ...intTextEntries,
  /** Lower bound. */
  min: int(0),
  /** Upper bound. */
  max: int(100),
});
/** An input field for a whole number from `min` (0) to `max` (100). */
export const BoundedIntText: ControlClass<typeof boundedIntTextTraits> = widgetClass(
  controlKind("BoundedIntText", boundedIntTextTraits, {
    settle: bounded,
    picture: fieldPicture,
    view: "IntTextView",
  }),
);
/** See {@link BoundedIntText:variable}. */
export type BoundedIntText = Control<typeof boundedIntTextTraits>;

const boundedFloatTextTraits = describedTraits({
  ...floatTextEntries,
  /** Lower bound. */
  min: float(0),
  /** Upper bound. */
  max: float(100),
});
/** An input field for a number from `min` (0) to `max` (100). */
export const BoundedFloatText: ControlClass<typeof boundedFloatTextTraits> = widgetClass(
  controlKind("BoundedFloatText", boundedFloatTextTraits, {
    settle: bounded,
    picture: fieldPicture,
    view: "FloatTextView",
  }),
);
/** See {@link BoundedFloatText:variable}. */
export type BoundedFloatText = Control<typeof boundedFloatTextTraits>;

const progressStyle = styleClass("ProgressStyle", {
  /** CSS colour of the bar. */
  bar_color: nullable(text("")),
  /** CSS width of the description. */
  description_width: text(""),
});

const progressEntries = {
  /** Colours and fonts. */
  style: styleTrait(progressStyle),
  /** Look of the bar. Default: `""`, plain. */
  bar_style: choice(barStyles, ""),
  /** Orientation. */
  orientation: choice(orientations, "horizontal"),
};

const progressPicture = (state: { description: string; value: number; min: number; max: number }): Picture =>
  labelled(
    state.description,
    `<progress max="${state.max - state.min}" value="${state.value - state.min}"></progress> ${state.value} / ${state.max}`,
    `${state.value} / ${state.max}`,
  );

const intProgressTraits = describedTraits({
  ...progressEntries,
  /** The value. Default: 0. */
  value: int(0),
  /** Lower bound. */
  min: int(0),
  /** Upper bound. */
  max: int(100),
});
/**
 * A progress bar from `min` (0) to `max` (100) in whole numbers.
 * @example
 * ```ts
 * const bar = new IntProgress({ description: "Step", max: 10 });
 * bar.value = 3;
 * bar
 * ```
 */
export const IntProgress: ControlClass<typeof intProgressTraits> = widgetClass(
  controlKind("IntProgress", intProgressTraits, {
    settle: bounded,
    picture: progressPicture,
    view: "ProgressView",
  }),
);
/** See {@link IntProgress:variable}. */
export type IntProgress = Control<typeof intProgressTraits>;

const floatProgressTraits = describedTraits({
  ...progressEntries,
  /** The value. Default: 0. */
  value: float(0),
  /** Lower bound. */
  min: float(0),
  /** Upper bound. */
  max: float(100),
});
/** A progress bar from `min` (0) to `max` (100). */
export const FloatProgress: ControlClass<typeof floatProgressTraits> = widgetClass(
  controlKind("FloatProgress", floatProgressTraits, {
    settle: bounded,
    picture: progressPicture,
    view: "ProgressView",
  }),
);
/** See {@link FloatProgress:variable}. */
export type FloatProgress = Control<typeof floatProgressTraits>;
