import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";

export class GaussianViewerModel extends DOMWidgetModel {}

export class GaussianViewerView extends DOMWidgetView {}
