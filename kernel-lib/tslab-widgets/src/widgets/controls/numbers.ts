import { type Control, type ControlClass, widgetClass } from "../control";
import type { Picture } from "../still";
import { bool, choice, float, int, nullable, text } from "../traits";
import { bounded } from "./bounds";
import {
  barStyles,
  controlKind,
  describedTraits,
  fieldPicture,
  labelled,
  orientations,
  styleClass,
  styleTrait,
} from "./kinds";

/** Input fields for numbers, and progress bars. */

const fieldTraits = () => ({ ...describedTraits(), disabled: bool(false), continuous_update: bool(false) });

const intTextTraits = { ...fieldTraits(), value: int(0), step: int(1) };
/** An input field for a whole number. */
export const IntText: ControlClass<typeof intTextTraits> = widgetClass(
  controlKind("IntText", intTextTraits, { picture: fieldPicture }),
);
/** See {@link IntText:variable}. */
export type IntText = Control<typeof intTextTraits>;

const floatTextTraits = { ...fieldTraits(), value: float(0), step: nullable(float(1)) };
/** An input field for a number. */
export const FloatText: ControlClass<typeof floatTextTraits> = widgetClass(
  controlKind("FloatText", floatTextTraits, { picture: fieldPicture }),
);
/** See {@link FloatText:variable}. */
export type FloatText = Control<typeof floatTextTraits>;

const boundedIntTextTraits = { ...intTextTraits, min: int(0), max: int(100) };
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

const boundedFloatTextTraits = { ...floatTextTraits, min: float(0), max: float(100) };
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
  bar_color: nullable(text("")),
  description_width: text(""),
});

const progressTraits = () => ({
  ...describedTraits(),
  style: styleTrait(progressStyle),
  bar_style: choice(barStyles, ""),
  orientation: choice(orientations, "horizontal"),
});

const progressPicture = (state: { description: string; value: number; min: number; max: number }): Picture =>
  labelled(
    state.description,
    `<progress max="${state.max - state.min}" value="${state.value - state.min}"></progress> ${state.value} / ${state.max}`,
    `${state.value} / ${state.max}`,
  );

const intProgressTraits = { ...progressTraits(), value: int(0), min: int(0), max: int(100) };
/**
 * A progress bar from `min` (0) to `max` (100) in whole numbers.
 * @example
 * ```ts
 * const bar = new IntProgress({ max: 10 });
 * await display(bar);
 * for (let i = 0; i < 10; i++) bar.value = i + 1;
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

const floatProgressTraits = { ...progressTraits(), value: float(0), min: float(0), max: float(100) };
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
