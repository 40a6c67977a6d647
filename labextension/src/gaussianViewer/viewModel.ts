import { goneText } from "../kernelGone.js";
import { contextLostText } from "../stage/stageEvents.js";
import { ViewModel } from "../view.js";
import type { Legend } from "./colours.js";
import { MorphModel } from "./morph/morphModel.js";
import { RegionModel } from "./panel/regionModel.js";
import { type PlayerCallbacks, PlayerModel } from "./player/playerModel.js";
import { canStandSideBySide } from "./sides.js";
import { type MapAccess, mapsOf, type ViewerAccess } from "./viewerState.js";

/** Pixels of width below which the controls are docked below the picture instead of beside it; also in the style sheet. */
const narrow = 640;
/** How long the status shows what an action did. */
const messageMilliseconds = 12_000;

/** Lengths in Å that the scale bar may have. */
const barLengths = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
/** Shortest scale bar in pixels. */
const shortestBar = 50;

/** A scale bar. */
export interface ScaleBar {
  /** With its unit; empty: there is no bar. */
  text: string;
  /** Pixels. */
  width: number;
}

/** The environment of a view. */
export interface ViewEnvironment extends PlayerCallbacks {
  /** Whether the kernel of the viewer has stopped. */
  kernelGone(): boolean;
  /** Draws the maps at once: the morph has moved. */
  onMorph(): void;
}

/** One view of a viewer: the state that all views share, and what only this view shows. */
export class GaussianViewerViewModel extends ViewModel {
  /** The region and what the next click does to it. */
  readonly region: RegionModel;
  /** The recorded path. */
  readonly player: PlayerModel;
  /** The maps that are morphed. */
  readonly morph: MorphModel;
  /** Whether the controls are open. */
  panelShown = true;
  /** Whether two states or maps are to stand side by side. */
  sideBySide = false;
  /** What the colours in the picture mean. */
  legends: readonly Legend[] = [];
  /** The scale bar in the picture. */
  scaleBar: ScaleBar = { text: "", width: 0 };
  /** Why the picture is missing; empty if it is shown. */
  problem = "";
  private contextLost = false;
  private message = "";
  private messageTimer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the user has opened or closed the controls; until then they are open where there is room. */
  private panelChosen = false;
  private followed: readonly MapAccess[] = [];

  constructor(
    readonly viewer: ViewerAccess,
    private readonly environment: ViewEnvironment,
  ) {
    super();
    this.region = new RegionModel(viewer);
    this.player = new PlayerModel(viewer, environment);
    this.morph = new MorphModel(viewer, () => environment.onMorph());
    const keys = [
      ...[
        "neutral",
        "mean",
        "displacementFrom",
        "colourBy",
        "sphereScale",
        "spheresVisible",
        "second",
        "secondVisible",
      ],
      ...["arrowsFrom", "arrowsTo", "arrowsVisible", "arrowScale", "arrowLeast"],
      ...[
        "outlines",
        "slice",
        "shapes",
        "region",
        "pictureStyle",
        "atoms",
        "atomsVisible",
        "atomName",
        "title",
        "notice",
      ],
    ];
    // Not on a change of the Gaussians or the camera: nothing that is written here depends on them
    this.follow(viewer, keys.map((key) => `change:${key}`).join(" "));
    this.follow(viewer, "change:maps", () => this.followMaps());
    this.followMaps();
    for (const part of [this.region, this.player, this.morph])
      part.stateChanged.connect(this.partChanged, this);
  }

  private partChanged(): void {
    this.changed();
  }

  private followMaps(): void {
    for (const map of this.followed) map.off("change", this.mapChanged);
    this.followed = mapsOf(this.viewer);
    for (const map of this.followed) map.on("change", this.mapChanged);
    this.changed();
  }

  private readonly mapChanged = () => this.changed();

  /** Whether the picture cannot be drawn at all. */
  get hasNoWebGl(): boolean {
    return this.problem !== "";
  }

  /** Opens or closes the controls at the user's wish. */
  showPanel(shown: boolean): void {
    this.panelChosen = true;
    this.panelShown = shown;
    this.changed();
  }

  /** Whether two pictures stand side by side: where it is wanted and there are two states or maps. */
  get showsTwo(): boolean {
    return this.sideBySide && this.canShowTwo;
  }

  /** Whether there are two states or maps. */
  get canShowTwo(): boolean {
    return canStandSideBySide(this.viewer);
  }

  /** Puts two states or maps side by side, or into one picture. */
  toggleSideBySide(): void {
    this.sideBySide = !this.sideBySide;
    this.changed();
  }

  /** Opens or closes the controls as the width of the view allows, until the user has chosen. */
  fitPanel(width: number): void {
    if (width <= 0 || this.panelChosen || this.panelShown === width >= narrow) return;
    this.panelShown = width >= narrow;
    this.changed();
  }

  /** Sets why the picture is missing. */
  fail(problem: string): void {
    this.problem = problem;
    this.changed();
  }

  /** Called when the WebGL context is lost or restored. */
  setContextLost(lost: boolean): void {
    this.contextLost = lost;
    this.changed();
  }

  /** Shows what the colours mean. */
  setLegends(legends: readonly Legend[]): void {
    if (JSON.stringify(legends) === JSON.stringify(this.legends)) return;
    this.legends = legends;
    this.changed();
  }

  /**
   * Shows a scale bar of a round length.
   * @param scale Å per pixel; 0 or infinite: the view has no size
   */
  setScale(scale: number): void {
    const known = scale > 0 && Number.isFinite(scale);
    const length = barLengths.find((one) => one / scale > shortestBar) ?? barLengths.at(-1)!;
    const { text, width } = this.scaleBar;
    const bar = known
      ? { text: `${length} Å`, width: Number((length / scale).toFixed(2)) }
      : { text: "", width: 0 };
    if (bar.text === text && bar.width === width) return;
    this.scaleBar = bar;
    this.changed();
  }

  /** Reports what an action did, for a while. */
  say(text: string): void {
    clearTimeout(this.messageTimer);
    this.message = text;
    this.messageTimer = setTimeout(() => {
      this.message = "";
      this.changed();
    }, messageMilliseconds);
    this.changed();
  }

  /** The status line: problems, then the last message of an action or the kernel, then notes on visible maps. */
  get status(): string {
    const { viewer } = this;
    const notes = mapsOf(viewer)
      .filter((map) => map.read("visible") && map.read("note"))
      .map((map) => `${map.read("name")}: ${map.read("note")}.`);
    const gone = this.environment.kernelGone() ? goneText(viewer) : "";
    const wrong = gone || this.problem || (this.contextLost ? contextLostText : "");
    const texts = [wrong, this.message || viewer.read("notice"), ...notes].filter((text) => text !== "");
    return texts.length > 0 ? texts.join(" ") : `${viewer.read("neutral").length / 5} Gaussians.`;
  }

  override dispose(): void {
    clearTimeout(this.messageTimer);
    for (const map of this.followed) map.off("change", this.mapChanged);
    this.region.dispose();
    this.player.dispose();
    this.morph.dispose();
    super.dispose();
  }
}
