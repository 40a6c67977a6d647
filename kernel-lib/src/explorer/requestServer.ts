import type { Figure } from "../display/figure";
import { InputError, StoppedError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { NamedSet, SetTable } from "../workbench/setTable";
import type { Workbench } from "../workbench/workbench";
import { mergeNotes } from "../workbench/workbenchState";
import type { AtomState } from "./atoms/atomState";
import { type ExplorerAtoms, shownAtomsText } from "./atoms/explorerAtoms";
import type { ExportOptions, ExportResult } from "./explorerExport";
import type { ExplorerAnswer, ExplorerRequest, ExportKind, KeptKind } from "./explorerState";
import type { GaussianViewer } from "./gaussianViewer/gaussianViewer";
import type { LatentScatter } from "./latentScatter/latentScatter";
import type { ExplorerRegion } from "./region/explorerRegion";
import type { RegionAnswer } from "./region/regionMessages";
import { answerRegion } from "./region/regionServer";
import type { SavedWork } from "./savedWork";
import type { Clustering } from "./sets/clusterings";
import type { PathDivision, PathSetsOptions } from "./sets/pathSets";

/** The methods of an explorer that requests call. */
export interface ExplorerActions {
  readonly scatter: LatentScatter;
  readonly viewer: GaussianViewer;
  readonly sets: SetTable;
  readonly model: GaussianModel;
  setFromSelection(): NamedSet;
  cluster(clustering: Clustering): Promise<NamedSet[]>;
  umap(): Promise<void>;
  setsAlongPath(along: PathDivision, count: number, options: PathSetsOptions): NamedSet[];
  reconstruct(set: string): Promise<unknown>;
  stopReconstruction(set: string): void;
  readonly workbench: Workbench;
  readonly saved: SavedWork;
  readonly region: ExplorerRegion;
  readonly atoms: ExplorerAtoms;
  showMap(set: string, shown: boolean): Promise<void>;
  montage(set: string): Promise<Figure>;
  export(what: ExportKind, file: string, options: ExportOptions): Promise<ExportResult>;
  playPath(): void;
  showFrame(frame: number): void;
  showArrows(shown: boolean): void;
  showDifference(sets: readonly string[] | null): Promise<string>;
  showSecondPlot(shown: boolean): unknown;
  stopAnalysis(): void;
  stopTraining(): void;
}

/** Additional content of an answer. */
type Answer = { text?: string; svg?: string; region?: RegionAnswer };
type RequestOf<K extends ExplorerRequest["kind"]> = Extract<ExplorerRequest, { kind: K }>;
type Handlers = {
  [K in ExplorerRequest["kind"]]: (request: RequestOf<K>) => Answer | undefined | Promise<Answer | undefined>;
};

/**
 * Answers the requests of pages: each kind of request calls one public method of the explorer, whose result or error becomes
 * the answer. Pages receive state through traits, not answers.
 */
export class RequestServer {
  private readonly handlers: Handlers;

  /** @param pathNote the note about the path that was used last; empty for none */
  constructor(explorer: ExplorerActions, pathNote: () => string) {
    this.handlers = {
      ...setHandlers(explorer, pathNote),
      ...mapHandlers(explorer),
      ...keptHandlers(explorer),
      ...motionHandlers(explorer, pathNote),
      atoms: ({ file, state }) => showAtoms(explorer.atoms, file, state),
      region: async ({ action }) => ({ region: await answerRegion(explorer.region, action) }),
    };
  }

  /** Never rejects: errors become answers of the kind `problem`. */
  async answer(request: ExplorerRequest & { id: string }): Promise<ExplorerAnswer> {
    const { id } = request;
    try {
      return { kind: "answer", id, ...(await this.handle(request)) };
    } catch (error) {
      if (error instanceof StoppedError) return { kind: "answer", id, text: "Stopped" };
      return { kind: "problem", id, text: (error as Error).message };
    }
  }

  private async handle(request: ExplorerRequest): Promise<Answer | undefined> {
    if (!Object.hasOwn(this.handlers, request.kind)) {
      throw new InputError("request", "a known request", JSON.stringify(request).slice(0, 100));
    }
    const handler = this.handlers[request.kind] as (request: ExplorerRequest) => ReturnType<Handlers["umap"]>;
    return handler(request);
  }
}

type Kind = keyof Handlers;
type SetKind = Extract<
  Kind,
  | "selection"
  | "clusters"
  | "umap"
  | "parts"
  | "combine"
  | "complement"
  | "rename"
  | "recolour"
  | "remove"
  | "select"
>;
type MapKind = Extract<Kind, "reconstruct" | "stop" | "showMap" | "montage" | "export">;

type KeptRequest = Extract<
  Kind,
  "undo" | "redo" | "keep" | "showKept" | "renameKept" | "removeKept" | "notes"
>;

function madeSets(sets: readonly NamedSet[]): { text: string } {
  return { text: sets.length === 1 ? `Made the set “${sets[0]!.name}”` : `Made ${sets.length} sets` };
}

function setHandlers(explorer: ExplorerActions, pathNote: () => string): Pick<Handlers, SetKind> {
  const { sets, scatter } = explorer;
  return {
    selection: () => madeSets([explorer.setFromSelection()]),
    clusters: async ({ clustering }) => madeSets(await explorer.cluster(clustering)),
    umap: async () => {
      await explorer.umap();
      return undefined;
    },
    parts: ({ along, count, maxDistance }) => {
      const { text } = madeSets(
        explorer.setsAlongPath(along, count, maxDistance === undefined ? {} : { maxDistance }),
      );
      const note = pathNote();
      return { text: note === "" ? text : `${text}. ${note}` };
    },
    combine: ({ operation, sets: ids }) => madeSets([sets.combine(operation, ids)]),
    complement: ({ set }) => madeSets([sets.complement(set)]),
    rename: ({ set, name }) => done(sets.rename(set, name)),
    recolour: ({ set, colour }) => done(sets.recolour(set, colour)),
    remove: ({ sets: ids }) => {
      const names = ids.map((id) => sets.get(id).name);
      sets.remove(ids);
      return { text: deletedText(names.length === 1 ? `“${names[0]}”` : `${names.length} sets`) };
    },
    select: ({ set }) => done(scatter.select(sets.get(set).rows)),
  };
}

function deletedText(what: string): string {
  return `Deleted ${what}; Undo brings back what was deleted`;
}

function keptHandlers({ workbench, saved }: ExplorerActions): Pick<Handlers, KeptRequest> {
  const listOf = (what: KeptKind) => {
    if (what === "path") return workbench.paths;
    if (what === "view") return workbench.views;
    throw new InputError("what", "path or view", JSON.stringify(what));
  };
  return {
    undo: () => done(workbench.undo()),
    redo: () => done(workbench.redo()),
    keep: ({ what }) => {
      listOf(what);
      const { name } = what === "path" ? saved.savePath() : saved.saveView();
      return { text: `Kept the ${what} as “${name}”` };
    },
    showKept: ({ what, item }) => {
      listOf(what);
      return done(what === "path" ? saved.showPath(item) : saved.showView(item));
    },
    renameKept: ({ what, item, name }) => done(listOf(what).rename(item, name)),
    removeKept: ({ what, item }) => {
      const { name } = listOf(what).get(item);
      listOf(what).remove(item);
      return { text: deletedText(`“${name}”`) };
    },
    notes: ({ text, base }) => {
      const before = workbench.notes;
      const notes = base === undefined ? String(text) : mergeNotes(String(base), String(text), before);
      workbench.notes = notes;
      return notes === text
        ? undefined
        : { text: "The notes were also changed elsewhere; both texts are kept" };
    },
  };
}

async function showAtoms(
  atoms: ExplorerAtoms,
  file: string | null,
  state: AtomState,
): Promise<Answer | undefined> {
  if (file === null) return done(atoms.hide());
  if (file === "") throw new InputError("atomic model", "the name of a PDB or mmCIF file", "none");
  return { text: shownAtomsText(file, state, await atoms.show(file, state)) };
}

function mapHandlers(explorer: ExplorerActions): Pick<Handlers, MapKind> {
  return {
    reconstruct: async ({ sets }) => {
      await Promise.all(sets.map((set) => explorer.reconstruct(set)));
      return undefined;
    },
    stop: ({ set }) => done(explorer.stopReconstruction(set)),
    showMap: async ({ set, shown }) => done(await explorer.showMap(set, shown)),
    montage: async ({ set }) => ({ svg: await (await explorer.montage(set)).svg() }),
    export: async ({ what, file, set, overwrite }) => {
      const { files, warnings } = await explorer.export(what, file, {
        ...(set !== undefined && { set }),
        overwrite,
      });
      return { text: [`Wrote ${files.join(", ")} in ${process.cwd()}`, ...warnings].join("; ") };
    },
  };
}

function motionHandlers(
  explorer: ExplorerActions,
  pathNote: () => string,
): Omit<Handlers, SetKind | MapKind | KeptRequest | "region" | "atoms"> {
  const noted = (): Answer => (pathNote() === "" ? {} : { text: pathNote() });
  return {
    play: () => {
      explorer.playPath();
      return noted();
    },
    frame: ({ frame }) => done(explorer.showFrame(frame)),
    arrows: ({ shown }) => {
      explorer.showArrows(shown);
      return shown ? noted() : undefined;
    },
    pin: ({ shown }) => done(explorer.viewer.overlay(shown ? explorer.model : null)),
    difference: async ({ shown, sets }) => ({ text: await explorer.showDifference(shown ? sets : null) }),
    secondPlot: ({ shown }) => done(explorer.showSecondPlot(shown)),
    stopAnalysis: () => done(explorer.stopAnalysis()),
    stopTraining: () => done(explorer.stopTraining()),
  };
}

/** The answer of a call without a result. */
function done(_result: unknown): undefined {
  return undefined;
}
