import { type Control, child, widgetClass } from "./control";
import { bool, type GivenOf, nullable, type Trait, text } from "./traits";

/** Position and size of widgets: the CSS properties that `@jupyter-widgets/base` gives a layout. */

const css = () => nullable(text(""));

const layoutTraits = {
  /** Distribution of the lines of a flexible box or grid. CSS `align-content`. Default: null, not set. */
  align_content: css(),
  /** Alignment of the children across the main axis. CSS `align-items`. Default: null, not set. */
  align_items: css(),
  /** The widget's own alignment across the main axis. CSS `align-self`. Default: null, not set. */
  align_self: css(),
  /** Top border, such as `1px solid grey`. CSS `border-top`. Default: null, not set. */
  border_top: css(),
  /** Right border. CSS `border-right`. Default: null, not set. */
  border_right: css(),
  /** Bottom border. CSS `border-bottom`. Default: null, not set. */
  border_bottom: css(),
  /** Left border. CSS `border-left`. Default: null, not set. */
  border_left: css(),
  /** Distance from the bottom. CSS `bottom`. Default: null, not set. */
  bottom: css(),
  /** Kind of box: `flex`, `grid`, `none`, …. CSS `display`. Default: null, not set. */
  display: css(),
  /** How the widget grows and shrinks in a flexible box. CSS `flex`. Default: null, not set. */
  flex: css(),
  /** Direction and wrapping of a flexible box. CSS `flex-flow`. Default: null, not set. */
  flex_flow: css(),
  /** Area of the grid that the widget takes. CSS `grid-area`. Default: null, not set. */
  grid_area: css(),
  /** Width of columns that are not listed. CSS `grid-auto-columns`. Default: null, not set. */
  grid_auto_columns: css(),
  /** Order in which children fill the grid. CSS `grid-auto-flow`. Default: null, not set. */
  grid_auto_flow: css(),
  /** Height of rows that are not listed. CSS `grid-auto-rows`. Default: null, not set. */
  grid_auto_rows: css(),
  /** Columns of the grid that the widget takes. CSS `grid-column`. Default: null, not set. */
  grid_column: css(),
  /** Space between grid cells. CSS `grid-gap`. Default: null, not set. */
  grid_gap: css(),
  /** Rows of the grid that the widget takes. CSS `grid-row`. Default: null, not set. */
  grid_row: css(),
  /** Named areas of the grid. CSS `grid-template-areas`. Default: null, not set. */
  grid_template_areas: css(),
  /** Widths of the columns of the grid. CSS `grid-template-columns`. Default: null, not set. */
  grid_template_columns: css(),
  /** Heights of the rows of the grid. CSS `grid-template-rows`. Default: null, not set. */
  grid_template_rows: css(),
  /** Height, such as `300px`. CSS `height`. Default: null, not set. */
  height: css(),
  /** Distribution of the children along the main axis. CSS `justify-content`. Default: null, not set. */
  justify_content: css(),
  /** Alignment of the children in their grid cells. CSS `justify-items`. Default: null, not set. */
  justify_items: css(),
  /** Distance from the left. CSS `left`. Default: null, not set. */
  left: css(),
  /** Margin around the widget. CSS `margin`. Default: null, not set. */
  margin: css(),
  /** Largest height. CSS `max-height`. Default: null, not set. */
  max_height: css(),
  /** Largest width. CSS `max-width`. Default: null, not set. */
  max_width: css(),
  /** Smallest height. CSS `min-height`. Default: null, not set. */
  min_height: css(),
  /** Smallest width. CSS `min-width`. Default: null, not set. */
  min_width: css(),
  /** How an image fills its box. CSS `object-fit`. Default: null, not set. */
  object_fit: css(),
  /** Position of an image in its box. CSS `object-position`. Default: null, not set. */
  object_position: css(),
  /** Place among the widgets of a flexible box. CSS `order`. Default: null, not set. */
  order: css(),
  /** What happens to content that does not fit: `auto`, `hidden`, …. CSS `overflow`. Default: null, not set. */
  overflow: css(),
  /** Space inside the border. CSS `padding`. Default: null, not set. */
  padding: css(),
  /** Distance from the right. CSS `right`. Default: null, not set. */
  right: css(),
  /** Distance from the top. CSS `top`. Default: null, not set. */
  top: css(),
  /** `hidden` keeps the place and hides the widget. CSS `visibility`. Default: null, not set. */
  visibility: css(),
  /** Width, such as `300px` or `50%`. CSS `width`. Default: null, not set. */
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
export type DomTraits = {
  /** Position and size. */
  layout: Trait<Layout, Layout | LayoutProperties>;
  /** Shown while the pointer is over the widget. Default: null, none. */
  tooltip: Trait<string | null>;
  /** Whether the Tab key reaches the widget. Default: null, as the browser decides. */
  tabbable: Trait<boolean | null>;
};

/** Traits of a widget with a view: `own`, and those that every such widget has. */
export function domTraits<T>(own: T): DomTraits & T {
  return { layout: layoutTrait(), tooltip: nullable(text("")), tabbable: nullable(bool(false)), ...own };
}
