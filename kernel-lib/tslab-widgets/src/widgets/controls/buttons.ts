import { type Control, type ControlClass, widgetClass } from "../control";
import { domTraits } from "../layout";
import { escapeHtml } from "../still";
import { bool, choice, nullable, text } from "../traits";
import {
  buttonStyles,
  checkPicture,
  controlKind,
  describedTraits,
  fontTraits,
  styleClass,
  styleTrait,
} from "./kinds";

/** Buttons, and controls for yes or no. */

const buttonStyle = styleClass("ButtonStyle", { button_color: nullable(text("")), ...fontTraits });

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
  background: nullable(text("")),
  description_width: text(""),
});
const checkboxTraits = {
  ...describedTraits(),
  style: styleTrait(checkboxStyle),
  value: bool(false),
  disabled: bool(false),
  indent: bool(true),
};
/** A checkbox; `value` is true or false. */
export const Checkbox: ControlClass<typeof checkboxTraits> = widgetClass(
  controlKind("Checkbox", checkboxTraits, { picture: checkPicture }),
);
/** See {@link Checkbox:variable}. */
export type Checkbox = Control<typeof checkboxTraits>;

const toggleButtonStyle = styleClass("ToggleButtonStyle", { description_width: text(""), ...fontTraits });
const toggleButtonTraits = {
  ...describedTraits(),
  style: styleTrait(toggleButtonStyle),
  value: bool(false),
  disabled: bool(false),
  icon: text(""),
  button_style: choice(buttonStyles, ""),
};
/** A button that is pressed (`value` true) or not. */
export const ToggleButton: ControlClass<typeof toggleButtonTraits> = widgetClass(
  controlKind("ToggleButton", toggleButtonTraits, { picture: checkPicture }),
);
/** See {@link ToggleButton:variable}. */
export type ToggleButton = Control<typeof toggleButtonTraits>;

const validTraits = {
  ...describedTraits(),
  value: bool(false),
  disabled: bool(false),
  readout: text("Invalid"),
};
/** Shows whether something is valid (`value`), with the text `readout` where it is not. */
export const Valid: ControlClass<typeof validTraits> = widgetClass(
  controlKind("Valid", validTraits, { picture: checkPicture }),
);
/** See {@link Valid:variable}. */
export type Valid = Control<typeof validTraits>;
