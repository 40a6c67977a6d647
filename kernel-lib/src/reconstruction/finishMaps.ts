import path from "node:path";
import { applyMask, sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import { WorkerClient } from "../workerCalls";
import { type FscCurve, fourierShellCorrelation } from "./fsc";

/** Maps on one grid, whose data are in shared memory. */
export interface MapsToFinish {
  /** A map and, in any case or not, its two half maps. */
  maps: readonly Volume[];
  /** Diameter in Å of the sphere outside which maps fall to their mean there. */
  diameter: number;
}

/** Width in voxels of the edge of the mask. */
const softEdge = 3;
/** Voxels along an edge from which on the event loop would stand still for a second. */
const large = 96;

/** Masks maps in place. @returns the FSC of the half maps, if they are among them */
export function finishHere({ maps, diameter }: MapsToFinish): FscCurve | undefined {
  const mask = sphericalMask(maps[0]!, { diameter, softEdge });
  for (const map of maps) map.data.set(applyMask(map, mask, { outside: "mean" }).data);
  const [, half1, half2] = maps;
  return half1 && half2 ? fourierShellCorrelation(half1, half2) : undefined;
}

/** As {@link finishHere}; large maps in a thread, so that the event loop goes on. */
export async function finishMaps(given: MapsToFinish): Promise<FscCurve | undefined> {
  if (given.maps[0]!.size[0] < large) return finishHere(given);
  const client = new WorkerClient<MapsToFinish, FscCurve | undefined>(
    path.join(__dirname, "finishMapsWorker.js"),
    { onDeath: (reason) => new Error(`reconstruction: a worker thread ended, ${reason}`) },
  );
  try {
    return await client.call(given);
  } finally {
    await client.close(new Error("reconstruction: the thread was ended"));
  }
}
