import { type Control, type ControlClass, widgetClass } from "../control";
import { domTraits } from "../layout";
import { escapeHtml } from "../still";
import { bool, choice, nullable, text } from "../traits";
import {
  buttonStyles,
  checkPicture,
  controlKind,
  describedTraits,
  descriptionStyle,
  fontTraits,
  styleClass,
  styleTrait,
} from "./kinds";

/** Buttons, and controls for yes or no. */

const buttonStyle = styleClass("ButtonStyle", {
  /** CSS colour of the button. */
  button_color: nullable(text("")),
  ...fontTraits,
});

const buttonTraits = domTraits({
  /** Colours and fonts. */
  style: styleTrait(buttonStyle),
  /** Text beside or on the control. */
  description: text(""),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Name of a Font Awesome icon, such as `check`. */
  icon: text(""),
  /** Look of the button. Default: `""`, plain. */
  button_style: choice(buttonStyles, ""),
});
const buttonKind = controlKind("Button", buttonTraits, {
  picture: ({ description }) => ({
    text: `[ ${description} ]`,
    html: `<button disabled>${escapeHtml(description)}</button>`,
  }),
});

/**
 * A button.
 * @example
 * ```ts
 * const button = new Button({ description: "Run" });
 * button.onClick(() => console.log("clicked"));
 * button
 * ```
 */
export class Button extends widgetClass(buttonKind) {
  /** Calls `handler` for every click. @returns a function that ends this */
  onClick(handler: () => unknown): () => void {
    return this.onMessage((content) =>
      (content as { event?: unknown } | null)?.event === "click" ? handler() : undefined,
    );
  }
}

const checkboxStyle = styleClass("CheckboxStyle", {
  /** CSS colour of the background. */
  background: nullable(text("")),
  /** CSS width of the description. */
  description_width: text(""),
});
const checkboxTraits = describedTraits({
  /** Colours and fonts. */
  style: styleTrait(checkboxStyle),
  /** The value. Default: false. */
  value: bool(false),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Whether it is indented like controls with a description. Default: true. */
  indent: bool(true),
});
/** A checkbox; `value` is true or false. */
export const Checkbox: ControlClass<typeof checkboxTraits> = widgetClass(
  controlKind("Checkbox", checkboxTraits, { picture: checkPicture }),
);
/** See {@link Checkbox:variable}. */
export type Checkbox = Control<typeof checkboxTraits>;

const toggleButtonStyle = styleClass("ToggleButtonStyle", {
  /** CSS width of the description. */
  description_width: text(""),
  ...fontTraits,
});
const toggleButtonTraits = describedTraits({
  /** Colours and fonts. */
  style: styleTrait(toggleButtonStyle),
  /** The value. Default: false. */
  value: bool(false),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Name of a Font Awesome icon, such as `check`. */
  icon: text(""),
  /** Look of the button. Default: `""`, plain. */
  button_style: choice(buttonStyles, ""),
});
/** A button that is pressed (`value` true) or not. */
export const ToggleButton: ControlClass<typeof toggleButtonTraits> = widgetClass(
  controlKind("ToggleButton", toggleButtonTraits, { picture: checkPicture }),
);
/** See {@link ToggleButton:variable}. */
export type ToggleButton = Control<typeof toggleButtonTraits>;

const validTraits = describedTraits({
  /** Width of the description. */
  style: descriptionStyle,
  /** The value. Default: false. */
  value: bool(false),
  /** Whether the user cannot change it. Default: false. */
  disabled: bool(false),
  /** Shown where `value` is false. Default: `Invalid`. */
  readout: text("Invalid"),
});
/** Shows whether something is valid (`value`), with the text `readout` if it is not. */
export const Valid: ControlClass<typeof validTraits> = widgetClass(
  controlKind("Valid", validTraits, { picture: checkPicture }),
);
/** See {@link Valid:variable}. */
export type Valid = Control<typeof validTraits>;
