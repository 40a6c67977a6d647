/** Live widgets: the standard controls, and the base for a program's own. */
export { Accordion, Box, GridBox, HBox, Output, Tab, VBox } from "./containers";
export {
  BoundedFloatText,
  BoundedIntText,
  Button,
  Checkbox,
  FloatLogSlider,
  FloatProgress,
  FloatRangeSlider,
  FloatSlider,
  FloatText,
  HTML,
  Image,
  IntProgress,
  IntRangeSlider,
  IntSlider,
  IntText,
  Label,
  Text,
  Textarea,
  ToggleButton,
  Valid,
} from "./controls";
export { Layout } from "./layout";
export {
  Dropdown,
  type Options,
  RadioButtons,
  Select,
  SelectionSlider,
  SelectMultiple,
  ToggleButtons,
} from "./selection";
export { escapeHtml, type Picture } from "./still";
export * as traits from "./traits";
export type { Comm, CommMessage, CommTransport } from "./transport";
export {
  type AnyWidget,
  type Control,
  type ControlClass,
  child,
  openWidgets,
  Widget,
  type WidgetKind,
  widgetClass,
} from "./widget";
