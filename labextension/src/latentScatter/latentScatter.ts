import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";

export class LatentScatterModel extends DOMWidgetModel {}

export class LatentScatterView extends DOMWidgetView {}
