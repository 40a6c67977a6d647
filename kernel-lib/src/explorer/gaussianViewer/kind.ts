import type { WidgetKind } from "tslab-widgets";
import { widgetModule, widgetModuleVersion } from "../module";
import { gaussianPicture } from "./picture";
import { gaussianViewerTraits } from "./state";

/** The viewer as a widget: front-end module, traits, checks of its state, still picture. */
export const gaussianViewerKind: WidgetKind<typeof gaussianViewerTraits> = {
  modelName: "GaussianViewerModel",
  modelModule: widgetModule,
  modelModuleVersion: widgetModuleVersion,
  viewName: "GaussianViewerView",
  viewModule: widgetModule,
  viewModuleVersion: widgetModuleVersion,
  traits: gaussianViewerTraits,
  settle({ region, neutral }) {
    const count = neutral.length / 5;
    if (region.length !== 0 && region.length !== count) {
      throw new TypeError(
        `GaussianViewer.region: expected ${count} numbers, one for each Gaussian, found ${region.length}`,
      );
    }
    return {};
  },
  picture: gaussianPicture,
};
