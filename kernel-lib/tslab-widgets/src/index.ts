/**
 * Live widgets for TypeScript notebooks: the standard controls of `@jupyter-widgets/controls` by the names and properties that
 * they have in ipywidgets, the base for widgets of one's own, comms, and the display protocol.
 */
export * from "./display";
export {
  type Comm,
  type CommMessage,
  type CommOpenOptions,
  type CommSendOptions,
  type CommTargetHandler,
  type CommTransport,
  currentPublish,
  currentTransport,
  type Publish,
} from "./transport";
export {
  addProperties,
  type Control,
  type ControlClass,
  child,
  type StateProperties,
  widgetClass,
} from "./widgets/control";
export { Button, Checkbox, ToggleButton, Valid } from "./widgets/controls/buttons";
export {
  Accordion,
  Box,
  type BoxClass,
  type BoxGiven,
  GridBox,
  HBox,
  Tab,
  VBox,
} from "./widgets/controls/containers";
export {
  BoundedFloatText,
  BoundedIntText,
  FloatProgress,
  FloatText,
  IntProgress,
  IntText,
} from "./widgets/controls/numbers";
export { type NotebookOutput, Output } from "./widgets/controls/output";
export {
  Dropdown,
  type Options,
  RadioButtons,
  Select,
  type SelectionGiven,
  SelectionSlider,
  SelectMultiple,
  SingleSelection,
  ToggleButtons,
} from "./widgets/controls/selection";
export {
  FloatLogSlider,
  FloatRangeSlider,
  FloatSlider,
  IntRangeSlider,
  IntSlider,
} from "./widgets/controls/sliders";
export { HTML, Image, Label, Text, Textarea } from "./widgets/controls/texts";
export { Layout, type LayoutProperties } from "./widgets/layout";
export { drawnPicture, escapeHtml, type Picture } from "./widgets/still";
export * as traits from "./widgets/traits";
export { type AnyWidget, openWidgets, Widget } from "./widgets/widget";
export type { WidgetKind } from "./widgets/widgetKind";
