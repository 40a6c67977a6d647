import { bool, type GivenOf, nullable, type Trait, text } from "./traits";
import { type Control, child, widgetClass } from "./widget";

/** Where and how large a widget is: the properties of CSS that `@jupyter-widgets/base` lets a layout have. */

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

export const BASE = { module: "@jupyter-widgets/base", version: "2.0.0" };

export const Layout = widgetClass({
  modelName: "LayoutModel",
  modelModule: BASE.module,
  modelModuleVersion: BASE.version,
  viewName: "LayoutView",
  viewModule: BASE.module,
  viewModuleVersion: BASE.version,
  traits: layoutTraits,
});
export type Layout = Control<typeof layoutTraits>;

/** Named, or the declarations of every control would spell it out. */
export interface LayoutProperties extends Partial<GivenOf<typeof layoutTraits>> {}

/** The layout of a widget; a plain object is made into one. */
export const layoutTrait = (): Trait<Layout, Layout | LayoutProperties> =>
  child<Layout, LayoutProperties>(
    "a Layout or its properties",
    (value) => value instanceof Layout,
    () => new Layout(),
    (options) => new Layout(options),
  );

/** What every widget with a view has. */
export const domTraits = () => ({
  layout: layoutTrait(),
  tooltip: nullable(text("")),
  tabbable: nullable(bool(false)),
});
