import { html, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import { type IconName, icon } from "./icons.js";
import type { Tool } from "./tools.js";

/** Look of a button with an icon. */
export interface IconButtonOptions {
  /** Text beside the icon. Default: none. */
  words?: string;
  /** State of a toggle. Default: the button is not a toggle. */
  pressed?: boolean;
  /** The tool that it chooses. Default: none. */
  tool?: Tool;
  /** Default false. */
  disabled?: boolean;
}

/** A button of the scatter. @param label tooltip, and name for screen readers */
export function iconButton(
  name: IconName,
  label: string,
  act: (event: MouseEvent) => void,
  { words, pressed, tool, disabled = false }: IconButtonOptions = {},
): TemplateResult {
  const content = words === undefined ? icon(name) : [icon(name), html`<span>${words}</span>`];
  return button(content, label, act, {
    className: "e2gmm-scatter-button",
    label,
    pressed,
    tool,
    disabled,
  });
}
