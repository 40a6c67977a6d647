import { InputError } from "../errors";
import type { Workbench } from "../workbench/workbench";
import type { NamedPath, NamedView } from "../workbench/workbenchState";
import type { ExplorerParts } from "./explorerParts";
import type { WorkbenchTraits } from "./explorerState";
import type { SecondPlot } from "./secondPlot";

/** State of the scatter that belongs to a view: what is chosen, */
const choiceKeys = ["x", "y", "z", "colour"] as const;
/** and what such a choice resets, so that it has to be set after it. */
const detailKeys = ["hidden", "colourRange", "zoom", "population", "probe"] as const;
const scatterKeys = [...choiceKeys, ...detailKeys];
/** State of the viewer that belongs to a view. */
const viewerKeys = ["camera", "colourBy", "spheresVisible", "sphereScale", "slice"] as const;

/** Milliseconds that a drawn path rests before it is kept. */
const rest = 300;

/**
 * Connects the workbench of a run with scatter, viewer and pages: the drawn path, named paths and views, notes.
 *
 * @example
 * ```ts
 * const explorer = await e2.explore("RUN");
 * explorer.scatter.anchors = [[-1, 0], [1, 0]];
 * explorer.saved.savePath("along z1");
 * explorer.saved.saveView("from the front");
 * explorer.saved.showView("from the front");
 * explorer.close();
 * ```
 */
export class SavedWork {
  private timer: NodeJS.Timeout | undefined;

  /** @internal */
  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "scatter" | "viewer" | "workbench">,
    private readonly second: SecondPlot,
  ) {
    const { scatter, workbench } = parts;
    workbench.onChange(() => this.workbenchChanged());
    for (const key of ["anchors", "stationCount"] as const) scatter.observe(key, () => this.pathDrawn());
    this.workbenchChanged();
  }

  /** Keeps the path that is drawn in the scatter. @throws InputError if none is drawn */
  savePath(name?: string): NamedPath {
    const { scatter, workbench } = this.parts;
    const { anchors, stationCount } = scatter;
    if (anchors.length === 0) throw InputError.of("First draw a path in the plot.");
    return workbench.paths.add({ anchors, stationCount }, name);
  }

  /** Draws a kept path. */
  showPath(idOrName: string): void {
    const { scatter, workbench } = this.parts;
    const { anchors, stationCount } = workbench.paths.get(idOrName);
    scatter.set({ anchors: anchors.map((anchor) => [...anchor]), stationCount });
  }

  /** Keeps what scatter and viewer show. */
  saveView(name?: string): NamedView {
    const { scatter, viewer, workbench } = this.parts;
    const { axes } = this.second;
    return workbench.views.add(
      {
        scatter: { ...picked(scatter.state, scatterKeys), ...(axes && { second: axes }) },
        viewer: picked(viewer.state, viewerKeys),
      },
      name,
    );
  }

  /** Shows a kept view. @throws InputError if it needs an axis or colouring that there is not now */
  showView(idOrName: string): void {
    const { scatter, viewer, workbench } = this.parts;
    const view = workbench.views.get(idOrName);
    const state = picked(view.scatter, scatterKeys);
    const known = (choices: readonly { name: string }[], name: unknown) =>
      name === undefined || name === null || name === "" || choices.some((choice) => choice.name === name);
    const { axes, colours } = scatter.state;
    const second = secondAxes(view.scatter["second"]);
    const wanted = [state.x, state.y, state.z, second?.x, second?.y, second?.z].find(
      (name) => !known(axes, name),
    );
    const missing = wanted ?? (known(colours, state.colour) ? undefined : state.colour);
    if (missing !== undefined) {
      throw InputError.of(`The view “${view.name}” needs ${String(missing)}, which there is not now.`);
    }
    try {
      for (const keys of [choiceKeys, detailKeys]) {
        scatter.set(picked(state, keys) as Parameters<typeof scatter.set>[0]);
      }
      this.second.show(second !== undefined, second);
      viewer.set(picked(view.viewer, viewerKeys) as Parameters<typeof viewer.set>[0]);
    } catch (error) {
      throw InputError.of(`The view “${view.name}” cannot be shown: ${(error as Error).message}`);
    }
  }

  private pathDrawn(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keepDrawn(), rest).unref();
  }

  private keepDrawn(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { scatter, workbench } = this.parts;
    const { anchors, stationCount } = scatter;
    workbench.drawn = { anchors, stationCount };
  }

  private workbenchChanged(): void {
    const { page, scatter, workbench } = this.parts;
    if (page.closed) return;
    const { anchors, stationCount } = workbench.drawn;
    const isDrawn = JSON.stringify([scatter.anchors, scatter.stationCount]);
    if (this.timer === undefined && isDrawn !== JSON.stringify([anchors, stationCount])) {
      scatter.set({ anchors: anchors.map((anchor) => [...anchor]), stationCount });
    }
    const before = page.get("workbench").problem;
    page.set({ workbench: traitsOf(workbench) });
    if (workbench.problem !== "" && workbench.problem !== before) page.set({ status: workbench.problem });
  }

  /** Keeps a path that was drawn just now, and closes the workbench. */
  async close(): Promise<void> {
    if (this.timer !== undefined) this.keepDrawn();
    await this.parts.workbench.close().catch(() => {});
  }
}

/** The axes of a second plot as a view has them; undefined for none. */
function secondAxes(kept: unknown): { x: string; y: string; z: string | null } | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { x, y, z = null } = kept as Record<string, unknown>;
  if (typeof x !== "string" || typeof y !== "string") return undefined;
  return { x, y, z: typeof z === "string" ? z : null };
}

function traitsOf(workbench: Workbench): WorkbenchTraits {
  const named = ({ id, name }: { id: string; name: string }) => ({ id, name });
  return {
    paths: Array.from(workbench.paths, named),
    views: Array.from(workbench.views, named),
    notes: workbench.notes,
    canUndo: workbench.canUndo,
    canRedo: workbench.canRedo,
    kept: workbench.folder !== undefined && workbench.problem === "",
    problem: workbench.problem,
  };
}

/** The given fields of an object, as far as there are any. */
function picked<K extends string>(
  state: Readonly<Record<string, unknown>>,
  keys: readonly K[],
): Partial<Record<K, unknown>> {
  return Object.fromEntries(keys.flatMap((key) => (key in state ? [[key, state[key]]] : []))) as Partial<
    Record<K, unknown>
  >;
}
