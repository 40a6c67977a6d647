import { Option } from "commander";
import { InputError } from "../errors";
import { motionComponents } from "../latent/motions";
import { Run, RunFolder } from "../training/runs/run";
import { inTermsOf } from "./failure";
import type { Point } from "./latentPoints";
import type { Session } from "./session";
import { readUsedParticles } from "./usedParticles";

/** A range along a principal component of the decoded motion, in Å. */
export interface ComponentRange {
  /** From 1. */
  component: number;
  from: number;
  to: number;
}

/** `--pc`. */
export function componentOption(): Option {
  const flags = "--pc <k=from..to>";
  const description = "points along principal component k of the decoded motion, in Å (see e2gmm motions)";
  return new Option(flags, description).argParser((text: string): ComponentRange => {
    const number = "([+-]?(?:\\d+\\.?\\d*|\\.\\d+))";
    const match = new RegExp(`^\\s*(\\d+)\\s*=\\s*${number}\\s*\\.\\.\\s*${number}\\s*$`).exec(text);
    const [component, from, to] = match ? match.slice(1).map(Number) : [];
    if (component === undefined || from === undefined || to === undefined || component < 1 || from === to) {
      throw new InputError("--pc", "a component and two scores in Å, such as 1=-8..8", `"${text}"`);
    }
    return { component, from, to };
  });
}

/** Points along a principal component of the decoded motion of the particles that took part in the training. */
export async function componentPoints(
  folder: string,
  { pc, stations }: { pc?: ComponentRange; stations: number },
  { signal, onProgress }: Session,
): Promise<Point[]> {
  if (!pc) return [];
  const files = new RunFolder(folder);
  const { points } = await readUsedParticles(files, await files.readRecord());
  const run = await Run.open(folder);
  try {
    const components = Math.max(3, run.latent + 1, pc.component);
    const found = await inTermsOf(
      { components: "--pc" },
      motionComponents(run, points, { components, signal, onProgress }),
    );
    const path = await inTermsOf(
      { from: "--pc", to: "--pc" },
      Promise.resolve().then(() => found.path(pc.component - 1, { from: pc.from, to: pc.to, stations })),
    );
    return Array.from({ length: stations }, (_, s) => ({
      z: Array.from(path.subarray(s * run.latent, (s + 1) * run.latent)),
      where: "--pc",
    }));
  } finally {
    run.close();
  }
}
