import { domTraits } from "./layout";
import type { Picture } from "./still";
import { bool, type StateOf, type Traits, text } from "./traits";
import { type Control, type ControlClass, child, type WidgetKind, widgetClass } from "./widget";

/** What the controls of `@jupyter-widgets/controls` have in common. */

export const CONTROLS = { module: "@jupyter-widgets/controls", version: "2.0.0" };

export interface BaseOptions<T extends Traits> {
  settle?(state: StateOf<T>): Partial<StateOf<T>>;
  picture?(state: StateOf<T>): Picture;
  /** Name of the view's class where it is not that of the model. */
  view?: string;
}

export function controlKind<T extends Traits>(
  name: string,
  traits: T,
  { settle, picture, view }: BaseOptions<T> = {},
): WidgetKind<T> {
  return {
    modelName: `${name}Model`,
    modelModule: CONTROLS.module,
    modelModuleVersion: CONTROLS.version,
    viewName: view ?? `${name}View`,
    viewModule: CONTROLS.module,
    viewModuleVersion: CONTROLS.version,
    traits,
    ...(settle ? { settle } : {}),
    ...(picture ? { picture } : {}),
  };
}

/** A style: a model without a view of its own. */
export function styleClass<T extends Traits>(name: string, traits: T): ControlClass<T> {
  return widgetClass({
    ...controlKind(name, traits),
    viewName: "StyleView",
    viewModule: "@jupyter-widgets/base",
    viewModuleVersion: "2.0.0",
  });
}

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

export const describedTraits = () => ({
  ...domTraits(),
  style: styleTrait(DescriptionStyle),
  description: text(""),
  description_allow_html: bool(false),
});
