import { type Control, child, widgetClass } from "./control";
import { bool, type GivenOf, nullable, type Trait, text } from "./traits";

/** Position and size of widgets: the CSS properties that `@jupyter-widgets/base` gives a layout. */

const css = () => nullable(text(""));

const layoutTraits = {
  align_content: css(),
  align_items: css(),
  align_self: css(),
  border_top: css(),
  border_right: css(),
  border_bottom: css(),
  border_left: css(),
  bottom: css(),
  display: css(),
  flex: css(),
  flex_flow: css(),
  grid_area: css(),
  grid_auto_columns: css(),
  grid_auto_flow: css(),
  grid_auto_rows: css(),
  grid_column: css(),
  grid_gap: css(),
  grid_row: css(),
  grid_template_areas: css(),
  grid_template_columns: css(),
  grid_template_rows: css(),
  height: css(),
  justify_content: css(),
  justify_items: css(),
  left: css(),
  margin: css(),
  max_height: css(),
  max_width: css(),
  min_height: css(),
  min_width: css(),
  object_fit: css(),
  object_position: css(),
  order: css(),
  overflow: css(),
  padding: css(),
  right: css(),
  top: css(),
  visibility: css(),
  width: css(),
};

/** The front end's module of layouts, and its version. */
export const baseModule = { module: "@jupyter-widgets/base", version: "2.0.0" };

/**
 * The layout of a widget: CSS properties such as `width`, `margin` or `border_top`, as text or null.
 * @example
 * ```ts
 * const slider = new IntSlider({ layout: { width: "300px" } });
 * ```
 */
export const Layout = widgetClass({
  modelName: "LayoutModel",
  modelModule: baseModule.module,
  modelModuleVersion: baseModule.version,
  viewName: "LayoutView",
  viewModule: baseModule.module,
  viewModuleVersion: baseModule.version,
  traits: layoutTraits,
});
/** See {@link Layout:variable}. */
export type Layout = Control<typeof layoutTraits>;

/** Properties of a layout. A named type: the declarations of every control would otherwise spell it out. */
export interface LayoutProperties extends Partial<GivenOf<typeof layoutTraits>> {}

/** The trait that holds a layout; a plain object is made into one. */
export const layoutTrait = (): Trait<Layout, Layout | LayoutProperties> =>
  child<Layout, LayoutProperties>(
    "a Layout or its properties",
    (value) => value instanceof Layout,
    () => new Layout(),
    (options) => new Layout(options),
  );

/** Traits of every widget with a view. */
export const domTraits = () => ({
  layout: layoutTrait(),
  tooltip: nullable(text("")),
  tabbable: nullable(bool(false)),
});
