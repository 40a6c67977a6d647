import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";

export class ExplorerModel extends DOMWidgetModel {}

export class ExplorerView extends DOMWidgetView {}
