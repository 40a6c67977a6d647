import { InputError } from "../../errors";
import { cellOf, commandOf } from "../../project/newRun";
import type { ExplorerRegion } from "./explorerRegion";
import type { RegionAction, RegionAnswer } from "./regionMessages";

/** Does what a page asks of a region. @throws Error with a message for the user */
export async function answerRegion(region: ExplorerRegion, action: RegionAction): Promise<RegionAnswer> {
  const answer = await resultOf(region, action);
  return action.act === "plan" ? answer : { ...answer, state: await region.state() };
}

async function resultOf(region: ExplorerRegion, action: RegionAction): Promise<RegionAnswer> {
  switch (action.act) {
    case "state":
      return {};
    case "bodies":
      await region.findBodies(action.count);
      return {};
    case "body":
      region.addBody(action.body, action.mode);
      return {};
    case "chains":
      await region.readChains(action.file, action.distance);
      return {};
    case "chain":
      region.addChain(action.chain, action.mode);
      return {};
    case "map":
      region.addMap(action.map, action.mode);
      return {};
    case "motion":
      return { motion: await region.motion(action.particles) };
    case "save": {
      const { name, softEdge, overwrite } = action;
      const { file, gaussians } = await region.saveMask(name, {
        overwrite,
        ...(softEdge !== undefined && { softEdge }),
      });
      return { text: `Saved ${gaussians} Gaussians as ${file}` };
    }
    case "restore":
      await region.restore(action.name);
      return { text: `The region is that of the mask “${action.name}”` };
    case "plan": {
      const settings = await region.settingsOf(action.round);
      return { same: { command: commandOf(settings), cell: cellOf(settings) } };
    }
    case "train": {
      await region.train(action.round);
      return {
        text: `Started ${action.round.out} as a job that goes on without this page; Project shows how far it is`,
      };
    }
    default:
      throw new InputError("request", "a known request", JSON.stringify(action).slice(0, 100));
  }
}
