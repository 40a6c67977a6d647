/** Live widgets for TypeScript notebooks: the standard controls, the base for a program's own, and the display protocol. */
export * from "./display";
export { Accordion, Box, GridBox, HBox, Output, Tab, VBox } from "./widgets/containers";
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
} from "./widgets/controls";
export { Layout } from "./widgets/layout";
export {
  Dropdown,
  type Options,
  RadioButtons,
  Select,
  SelectionSlider,
  SelectMultiple,
  ToggleButtons,
} from "./widgets/selection";
export { drawnPicture, escapeHtml, type Picture } from "./widgets/still";
export * as traits from "./widgets/traits";
export { type Comm, type CommMessage, type CommTransport, currentTransport } from "./widgets/transport";
export {
  type AnyWidget,
  type Control,
  type ControlClass,
  child,
  openWidgets,
  Widget,
  type WidgetKind,
  widgetClass,
} from "./widgets/widget";
