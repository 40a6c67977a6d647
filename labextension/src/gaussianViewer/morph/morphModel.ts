import { ViewModel } from "../../view.js";
import type { Recordable } from "../player/movie.js";
import type { ViewerAccess } from "../viewerState.js";
import { morphableMaps } from "./morphedMap.js";

/** Steps of a movie from one map to the next. */
const stepsOfLeg = 12;

/** Morphs the maps that are shown one into the next. */
export class MorphModel extends ViewModel implements Recordable {
  private wanted = false;
  private place = 0;
  private isRecording = false;

  /** @param onStep draws the maps at once */
  constructor(
    private readonly viewer: ViewerAccess,
    private readonly onStep: () => void,
  ) {
    super();
  }

  /** Names of the maps from one to the next; empty where there are fewer than two on one grid. */
  get names(): readonly string[] {
    return morphableMaps(this.viewer).map((map) => map.read("name"));
  }

  /** Whether the map between them is shown in place of the maps. */
  get shown(): boolean {
    return this.wanted && this.names.length > 1;
  }

  /** 0 for the first map, 1 for the second, …; undefined while the maps themselves are shown. */
  get position(): number | undefined {
    return this.shown ? Math.min(this.place, this.names.length - 1) : undefined;
  }

  /** Shows the map between them, or the maps themselves again. */
  show(shown: boolean): void {
    this.wanted = shown;
    this.redraw();
  }

  /** Goes to a position. */
  moveTo(position: number): void {
    this.place = position;
    this.redraw();
  }

  /** From which map to which the position lies between, and how far in %. */
  get leg(): { from: string; to: string; percent: number } {
    const { names, place } = this;
    const first = Math.min(names.length - 2, Math.max(0, Math.floor(place)));
    const percent = Math.round(100 * (Math.min(place, names.length - 1) - first));
    return { from: names[first] ?? "", to: names[first + 1] ?? "", percent };
  }

  private redraw(): void {
    this.onStep();
    this.changed();
  }

  // --- A movie to the last map and back

  get framesPerSecond(): number {
    return this.viewer.read("framesPerSecond");
  }

  get stepsOfRound(): number {
    return 2 * stepsOfLeg * Math.max(0, this.names.length - 1);
  }

  get recording(): boolean {
    return this.isRecording;
  }

  set recording(recording: boolean) {
    this.isRecording = recording;
    this.changed();
  }

  showStep(step: number): void {
    const half = this.stepsOfRound / 2;
    this.moveTo((step <= half ? step : 2 * half - step) / stepsOfLeg);
  }

  pause(): void {}

  rest(): void {}
}
