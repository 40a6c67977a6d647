import type { ExplorerRequest, KeptKind, SetState } from "e2gmm/messages/explorer";
import { kernelGoneText, liveWithoutKernelText } from "../kernelGone.js";
import { ViewModel } from "../view.js";
import { AtomsForm } from "./atoms/atomsForm.js";
import type { ExplorerLinks, ExplorerState, Montage, NewSetFields } from "./explorerLinks.js";
import { ExportFormModel } from "./exportFormModel.js";
import { NotesDraft } from "./notesDraft.js";
import { regionLinks } from "./region/regionLinks.js";
import { RegionPanelModel } from "./region/regionPanelModel.js";

/** Smallest and largest fraction of the width for the scatter. */
export const splitRange = { min: 0.2, max: 0.8 } as const;

/** Smallest number of sets for an operation. */
export const minTicked = { union: 2, intersect: 2, difference: 2, reconstruct: 1, remove: 1 } as const;

/** State and actions of the explorer's view. */
export class ExplorerViewModel extends ViewModel {
  readonly newSets: NewSetFields;
  readonly exportForm: ExportFormModel;
  /** An atomic model over the molecule. */
  readonly atoms: AtomsForm;
  /** A part of the molecule. */
  readonly region: RegionPanelModel;
  /** Picture of particles that is open. */
  montage: Montage | undefined;
  /** Why one of the two linked views is missing. */
  readonly paneProblems: { scatter?: string; second?: string; viewer?: string } = {};
  private curves: boolean;
  private scatterPart: number;
  private gone = false;
  private readonly notes = new NotesDraft(
    () => this.work.notes,
    (text, base) => this.ask({ kind: "notes", text, base }),
  );
  private live = false;
  /** The last message to the user in this view; until then the kernel's status is shown. */
  private message: { text: string; problem: boolean } | undefined;

  constructor(private readonly links: ExplorerLinks) {
    super();
    const { widget, scatter, viewer, settings } = links;
    this.newSets = {
      method: "kmeans",
      clusters: String(settings.clusters),
      along: "line",
      parts: String(settings.parts),
      maxDistance: "",
    };
    this.curves = settings.showCurves;
    this.region = new RegionPanelModel(regionLinks(links));
    this.region.stateChanged.connect(this.changed, this);
    this.atoms = new AtomsForm({ viewer, ask: (request) => this.ask(request) });
    this.atoms.stateChanged.connect(this.changed, this);
    this.scatterPart = clampSplit(widget.get("split"));
    this.exportForm = new ExportFormModel(
      () => settings.exportFolder,
      () => (this.ticked.length === 1 ? this.sets.find(({ id }) => id === this.ticked[0]) : undefined),
    );
    this.follow(
      widget,
      "change:height change:run change:sets change:ticked change:history change:training change:verdict change:shownAnyway change:workbench change:difference change:second",
    );
    this.follow(widget, "change:split", () => this.moveSplit(widget.get("split")));
    this.follow(widget, "change:status change:busy change:analysis", () => {
      this.message = undefined;
      this.changed();
    });
    if (scatter) this.follow(scatter, "change:selectedCount");
    if (!viewer) return;
    this.follow(viewer, "change:arrowsFrom change:second change:region change:maps");
    // The probe's ring in the scatter follows the playback
    this.follow(viewer, "e2gmm:frame", (frame: number | undefined) => scatter?.showPlayed?.(frame));
    this.follow(viewer, "e2gmm:rested", (frame: number) => void this.ask({ kind: "frame", frame }));
  }

  // --- State

  /** All sets, in the order of the table. */
  get sets(): readonly SetState[] {
    return this.links.widget.get("sets");
  }

  /** Ids of the ticked sets. */
  get ticked(): readonly string[] {
    return this.links.widget.get("ticked");
  }

  /** The explored run; null before the kernel has opened it. */
  get run(): ExplorerState["run"] {
    return this.links.widget.get("run");
  }

  /** The data set, or the run folder's name where it is not known; empty before there is a run. */
  get title(): string {
    const { run } = this;
    return run ? run.dataset || this.folderName : "";
  }

  /** Name of the run folder. */
  get folderName(): string {
    const folder = this.run?.folder ?? "";
    return folder.split(/[\\/]/).filter(Boolean).at(-1) ?? folder;
  }

  /** What the run knows about its own heterogeneity; null before there is a run. */
  get verdict(): ExplorerState["verdict"] {
    return this.links.widget.get("verdict");
  }

  /** Whether the verdict stands in place of the picture. */
  get concealed(): boolean {
    return this.verdict?.isEmpty === true && !this.links.widget.get("shownAnyway");
  }

  /** Epochs of the training, for the curves. */
  get history(): ExplorerState["history"] {
    return this.links.widget.get("history");
  }

  /** Progress of the training; null without a training. */
  get training(): ExplorerState["training"] {
    return this.links.widget.get("training");
  }

  /** A clustering or UMAP that is computed; null for none. */
  get analysis(): ExplorerState["analysis"] {
    return this.links.widget.get("analysis");
  }

  /** Height of scatter and viewer in a cell, in pixels. */
  get height(): number {
    return this.links.widget.get("height");
  }

  /** Fraction of the width for the scatter. */
  get split(): number {
    return this.scatterPart;
  }

  /** Whether FSC and training curves are shown. */
  get curvesShown(): boolean {
    return this.curves;
  }

  /** Paths, views and notes that are kept, and what can be undone. */
  get work(): ExplorerState["workbench"] {
    return this.links.widget.get("workbench");
  }

  /** Whether the notes are shown: by choice, else if there are any. */
  get notesShown(): boolean {
    return this.notes.isShown;
  }

  /** The notes as they are typed in this view, else as they are kept. */
  get notesText(): string {
    return this.notes.text;
  }

  /** Number of particles selected in the scatter. */
  get selectedCount(): number {
    return this.links.scatter?.get("selectedCount") ?? 0;
  }

  /** Whether the viewer shows arrows, also if a cell requested them. */
  get arrowsShown(): boolean {
    return (this.links.viewer?.get("arrowsFrom")?.length ?? 0) > 0;
  }

  /** Whether the viewer shows a pinned state. */
  get pinShown(): boolean {
    return (this.links.viewer?.get("second")?.length ?? 0) > 0;
  }

  /** Whether the same particles are shown over other axes, too. */
  get secondShown(): boolean {
    return Boolean(this.links.widget.get("second"));
  }

  /** The two states whose difference is shown; empty for none. */
  get difference(): string {
    return this.links.widget.get("difference");
  }

  /** Shows the difference of the two ticked sets, or without ticks of the ring and the pinned state; or removes it. */
  toggleDifference(): void {
    const sets = [...this.ticked];
    void this.ask({ kind: "difference", shown: this.difference === "", sets });
  }

  /** Whether the kernel is no longer running, so that requests are impossible. */
  get kernelGone(): boolean {
    return this.gone;
  }

  /** Message to the user, and whether it is an error. */
  get status(): { text: string; problem: boolean } {
    if (this.gone) return { text: this.live ? liveWithoutKernelText : kernelGoneText, problem: true };
    const busy = this.links.widget.get("busy");
    if (busy !== "") return { text: busy, problem: false };
    return this.message ?? { text: this.links.widget.get("status"), problem: false };
  }

  // --- Actions

  /** Updates whether the kernel is still running. */
  setKernelGone(gone: boolean): void {
    this.gone = gone;
    this.changed();
  }

  /** Updates whether the page decodes by itself. */
  setLive(live: boolean): void {
    this.live = live;
    this.changed();
  }

  /** Shows or hides the curves. */
  showCurves(shown: boolean): void {
    this.curves = shown;
    this.changed();
  }

  /** Shows the picture of a run that has found nothing, in all views, or hides it. */
  showAnyway(shown: boolean): void {
    this.change({ shownAnyway: shown });
  }

  /** Moves the border between scatter and viewer in this view. */
  moveSplit(part: number): void {
    this.scatterPart = clampSplit(part);
    this.changed();
  }

  /** Shares the border with other views. */
  saveSplit(): void {
    this.change({ split: this.scatterPart });
  }

  /** Ticks a set or removes its tick. */
  tick(id: string, ticked: boolean): void {
    const others = this.ticked.filter((other) => other !== id);
    this.change({ ticked: ticked ? [...others, id] : others });
  }

  /** Ticks all sets or none. */
  tickAll(ticked: boolean): void {
    this.change({ ticked: ticked ? this.sets.map(({ id }) => id) : [] });
  }

  /** Makes clusters with the values in the toolbar. */
  makeClusters(): void {
    const { method, clusters } = this.newSets;
    const clustering = method === "density" ? { method } : { method, count: numberOf(clusters) };
    void this.ask({ kind: "clusters", clustering });
  }

  /** Makes sets along the path with the values in the toolbar. */
  makeParts(): void {
    const { along, parts, maxDistance } = this.newSets;
    const limit = maxDistance === "" ? {} : { maxDistance: numberOf(maxDistance) };
    void this.ask({ kind: "parts", along, count: numberOf(parts), ...limit });
  }

  /** Updates fields of the toolbar. */
  editNewSets(fields: Partial<NewSetFields>): void {
    Object.assign(this.newSets, fields);
    this.changed();
  }

  /** Requests that concern all ticked sets. */
  actOnTicked(operation: keyof typeof minTicked): void {
    const sets = [...this.ticked];
    if (operation === "reconstruct" || operation === "remove") void this.ask({ kind: operation, sets });
    else void this.ask({ kind: "combine", operation, sets });
  }

  /** Requests a new name for a set. */
  rename(set: SetState, name: string): void {
    if (name !== set.name) void this.ask({ kind: "rename", set: set.id, name });
    // The field shows the old name until the kernel has accepted the new one
    this.changed();
  }

  /** Requests a new name for a path or view. */
  renameKept(what: KeptKind, item: string, name: string, typed: string): void {
    if (typed !== name) void this.ask({ kind: "renameKept", what, item, name: typed });
    this.changed();
  }

  /** Shows or hides the notes. */
  toggleNotes(): void {
    this.notes.toggle();
    this.changed();
  }

  /** Keeps notes when the user pauses. */
  typeNotes(text: string): void {
    this.notes.type(text);
  }

  /** Keeps notes that were typed, and shows those that are kept. */
  leaveNotes(): void {
    this.notes.leave();
    this.changed();
  }

  /** Takes the last change back, or makes it again. @returns whether there was one */
  step(kind: "undo" | "redo"): boolean {
    const can = kind === "undo" ? this.work.canUndo : this.work.canRedo;
    if (can && !this.gone) void this.ask({ kind });
    return can;
  }

  override dispose(): void {
    this.notes.leave();
    this.region.dispose();
    this.atoms.dispose();
    super.dispose();
  }

  /** Opens or closes the export form. */
  toggleExport(): void {
    this.exportForm.open = !this.exportForm.open;
    this.changed();
  }

  /** Opens the export form for one set, which is then the only one that is ticked. */
  exportSet(id: string): void {
    this.change({ ticked: [id] });
    this.exportForm.open = true;
    this.changed();
  }

  /** Requests the file described by the export form. */
  export(): void {
    const request = this.exportForm.request();
    if (request) void this.ask(request);
    else this.say("Tick exactly one set to export");
  }

  /** Sends a request to the kernel and shows its answer. @returns whether it was carried out */
  async ask(request: ExplorerRequest): Promise<boolean> {
    // Files and the pinned state are of the shown state, so playback stops first
    if (request.kind === "export" || request.kind === "pin") this.links.rest();
    const { kind, ...fields } = request;
    try {
      const { content } = await this.links.ask(kind, fields);
      this.say(typeof content["text"] === "string" ? content["text"] : "");
      return true;
    } catch (error) {
      this.say((error as Error).message, true);
      return false;
    }
  }

  /** Requests a picture of some particles of a set and opens it. */
  async showMontage({ id, name }: SetState): Promise<void> {
    this.say(`Reading particles of ${name}…`);
    try {
      const { content } = await this.links.ask("montage", { set: id });
      this.montage = {
        // As an image, the SVG can neither run scripts nor load anything
        url: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(String(content["svg"]))}`,
        description: `Particles of ${name} beside projections of the model`,
      };
      this.say("");
    } catch (error) {
      this.say((error as Error).message, true);
    }
  }

  /** Closes the picture of particles. */
  closeMontage(): void {
    this.montage = undefined;
    this.changed();
  }

  /** Reports why the view of a linked widget could not be made. */
  reportPane(pane: "scatter" | "second" | "viewer", problem: string): void {
    this.paneProblems[pane] = problem;
    this.changed();
  }

  private say(text: string, problem = false): void {
    this.message = { text, problem };
    this.changed();
  }

  private change(state: Partial<ExplorerState>): void {
    this.links.widget.set(state);
    this.links.widget.save_changes();
  }
}

function clampSplit(part: number): number {
  return Math.min(splitRange.max, Math.max(splitRange.min, part));
}

/** A typed number; NaN for an empty field, which the kernel rejects with a message. */
function numberOf(typed: string): number {
  return typed === "" ? Number.NaN : Number(typed);
}
