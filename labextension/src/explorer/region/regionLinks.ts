import type { RegionAction, RegionAnswer } from "e2gmm/messages/region";
import type { EventSource } from "../../view.js";
import type { ExplorerLinks } from "../explorerLinks.js";
import type { RegionLinks } from "./regionPanelModel.js";

/** A map of the viewer, as its model in the page gives it. */
interface NamedMap {
  read(key: "name"): string;
  read(key: "data"): ArrayLike<number>;
}

/** The part of the viewer's model that the region is read from. */
export interface RegionViewer extends EventSource {
  get(key: "region"): ArrayLike<number> | undefined;
  get(key: "maps" | "density"): unknown;
}

/** Connects the panel of the region with an explorer. */
export function regionLinks({ ask, widget, scatter, viewer }: ExplorerLinks): RegionLinks {
  return {
    ask: async (action: RegionAction) => {
      const { content } = await ask("region", { action });
      return (content["region"] ?? {}) as RegionAnswer;
    },
    sets: () => widget.get("sets"),
    selected: () => scatter?.get("selectedCount") ?? 0,
    maps: () => {
      const maps = [viewer?.get("density"), ...((viewer?.get("maps") as NamedMap[] | undefined) ?? [])];
      return (maps as (NamedMap | undefined)[]).flatMap((map) =>
        map && map.read("data").length > 0 ? [map.read("name")] : [],
      );
    },
    region: () => viewer?.get("region") ?? [],
  };
}
