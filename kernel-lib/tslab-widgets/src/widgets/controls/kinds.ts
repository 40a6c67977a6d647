import { type Control, type ControlClass, child, widgetClass } from "../control";
import { type DomTraits, domTraits } from "../layout";
import { escapeHtml, type Picture } from "../still";
import { bool, nullable, type StateOf, type Trait, type Traits, text } from "../traits";
import type { WidgetKind } from "../widgetKind";

/** What the controls of `@jupyter-widgets/controls` have in common. */

/** The front end's module of the standard controls, and its version. */
export const controlsModule = { module: "@jupyter-widgets/controls", version: "2.0.0" };

/** Options of {@link controlKind}. */
export interface ControlOptions<T extends Traits> {
  /** Corrections that follow from the whole state. Default: none. */
  settle?(state: StateOf<T>): Partial<StateOf<T>>;
  /** The control as a still picture. Default: its name and value as text. */
  picture?(state: StateOf<T>): Picture;
  /** Name of the view's class. Default: that of the model, with View in place of Model. */
  view?: string;
}

/** The kind of a standard control. @param name name of its model, without `Model` */
export function controlKind<T extends Traits>(
  name: string,
  traits: T,
  { settle, picture, view }: ControlOptions<T> = {},
): WidgetKind<T> {
  return {
    modelName: `${name}Model`,
    modelModule: controlsModule.module,
    modelModuleVersion: controlsModule.version,
    viewName: view ?? `${name}View`,
    viewModule: controlsModule.module,
    viewModuleVersion: controlsModule.version,
    traits,
    ...(settle ? { settle } : {}),
    ...(picture ? { picture } : {}),
  };
}

/** The class of a style: a model without a view. */
export function styleClass<T extends Traits>(name: string, traits: T): ControlClass<T> {
  return widgetClass({
    ...controlKind(name, traits),
    viewName: "StyleView",
    viewModule: "@jupyter-widgets/base",
    viewModuleVersion: "2.0.0",
  });
}

/** The trait that holds a style; a plain object is made into one. */
export function styleTrait<T extends Traits>(Class: ControlClass<T>) {
  type Given = NonNullable<ConstructorParameters<ControlClass<T>>[0]>;
  return child<Control<T>, Given>(
    `a ${Class.kind.modelName.replace(/Model$/, "")} or its properties`,
    (value) => value instanceof Class,
    () => new Class() as Control<T>,
    (given) => new Class(given) as Control<T>,
  );
}

const DescriptionStyle = styleClass("DescriptionStyle", { description_width: text("") });

/** The style of controls without a specific one. */
export const descriptionStyle = styleTrait(DescriptionStyle);

/** Traits of the description beside a control. */
export type DescriptionTraits = {
  /** Text beside the control. Default: empty. */
  description: Trait<string>;
  /** Whether the description is HTML. Default: false. */
  description_allow_html: Trait<boolean>;
};

/** Traits of a control with a description: `own`, and those that every such control has. */
export function describedTraits<T>(own: T): DomTraits & DescriptionTraits & T {
  return domTraits({ description: text(""), description_allow_html: bool(false), ...own });
}

/** Traits of styles that set the font. */
export const fontTraits = {
  /** CSS `font-family`. */
  font_family: nullable(text("")),
  /** CSS `font-size`. */
  font_size: nullable(text("")),
  /** CSS `font-style`. */
  font_style: nullable(text("")),
  /** CSS `font-variant`. */
  font_variant: nullable(text("")),
  /** CSS `font-weight`. */
  font_weight: nullable(text("")),
  /** CSS colour of the text. */
  text_color: nullable(text("")),
  /** CSS `text-decoration`. */
  text_decoration: nullable(text("")),
};

/** How a button can look. */
export const buttonStyles = ["", "primary", "success", "info", "warning", "danger"] as const;

/** How a bar or box can look. */
export const barStyles = ["", "success", "info", "warning", "danger"] as const;

/** Which way a control can lie; the first is the default of most. */
export const orientations = ["horizontal", "vertical"] as const;

/** The still picture of a control with a description. @param inner HTML @param value the control's value as text */
export function labelled(description: string, inner: string, value: string): Picture {
  const name = description === "" ? "" : `<label>${escapeHtml(description)}</label> `;
  return {
    text: description === "" ? value : `${description} ${value}`,
    html: `<div>${name}${inner}</div>`,
  };
}

/** The still picture of an input field. */
export const fieldPicture = ({ description, value }: { description: string; value: unknown }): Picture =>
  labelled(description, `<input value="${escapeHtml(value)}" disabled>`, String(value));

/** The still picture of a checkbox. */
export const checkPicture = ({ description, value }: { description: string; value: boolean }): Picture =>
  labelled(description, `<input type="checkbox" disabled${value ? " checked" : ""}>`, value ? "[x]" : "[ ]");
