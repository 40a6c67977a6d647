import { ViewModel } from "../../view.js";
import type { ViewerAccess } from "../viewerState.js";
import { frameAfter, stepsOfRound, unpackedFrame } from "./frames.js";
import { canRecord, type MovieFormat, movieFormats } from "./movieFormat.js";

/** What the player does to the view that it plays in. */
export interface PlayerCallbacks {
  /** Draws a frame: its Gaussians [5N] and its index. */
  onFrame(gaussians: Float32Array, frame: number): void;
  /** The path has stopped at the frame that is shown. */
  onRest(frame: number): void;
  /** Whether the user prefers reduced motion; a new path then does not play by itself. */
  reducedMotion(): boolean;
}

/** Milliseconds without a movement after which a dragged slider counts as at rest. */
const scrubMilliseconds = 250;

/** Plays the recorded path of a viewer. */
export class PlayerModel extends ViewModel {
  private timer: ReturnType<typeof setInterval> | undefined;
  private scrubbed: ReturnType<typeof setTimeout> | undefined;
  /** Steps from the first frame, which may be several rounds. */
  private steps = 0;
  private shown: number | undefined;
  private isRecording = false;
  private chosenFormat: MovieFormat | undefined;

  constructor(
    private readonly viewer: ViewerAccess,
    private readonly callbacks: PlayerCallbacks,
  ) {
    super();
    this.follow(viewer, "change:frames", () => this.begin());
    this.follow(viewer, "change:framesPerSecond change:backAndForth", () => this.update());
  }

  /** Frames of the path; 0 without a path. */
  get frameCount(): number {
    return this.viewer.read("frameCount") ?? 0;
  }

  /** The frame that is shown; undefined while the viewer shows its state. */
  get frame(): number | undefined {
    return this.shown;
  }

  /** The frame that was shown last. */
  get lastFrame(): number {
    return frameAfter(this.steps, this.frameCount, this.backAndForth);
  }

  /** Whether the path is played. */
  get playing(): boolean {
    return this.timer !== undefined;
  }

  /** How fast the path is played; shared by all views. */
  get framesPerSecond(): number {
    return this.viewer.read("framesPerSecond");
  }

  set framesPerSecond(framesPerSecond: number) {
    this.viewer.change({ framesPerSecond });
  }

  /** Whether the path returns frame by frame instead of starting again. */
  get backAndForth(): boolean {
    return this.viewer.read("backAndForth");
  }

  set backAndForth(backAndForth: boolean) {
    this.viewer.change({ backAndForth });
  }

  /** Steps of one round of the path. */
  get stepsOfRound(): number {
    return stepsOfRound(this.frameCount, this.backAndForth);
  }

  /** Whether a movie is being recorded. */
  get recording(): boolean {
    return this.isRecording;
  }

  set recording(recording: boolean) {
    this.isRecording = recording;
    this.changed();
  }

  /** The format of the movie that is saved next: the chosen one, or the first that this browser can record. */
  get movieFormat(): MovieFormat {
    return this.chosenFormat ?? movieFormats.find(canRecord)!;
  }

  set movieFormat(format: MovieFormat) {
    this.chosenFormat = format;
    this.changed();
  }

  /** Starts to play from the frame that is shown. */
  play(): void {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.showStep(this.steps + 1), 1000 / this.framesPerSecond);
    this.showStep(this.steps);
  }

  /** Plays, or stops at the frame that is shown. */
  toggle(): void {
    if (this.playing) this.rest();
    else this.play();
  }

  /** Shows a frame, as a slider is dragged. */
  scrub(frame: number): void {
    this.pause();
    this.showStep(frame);
    clearTimeout(this.scrubbed);
    this.scrubbed = setTimeout(() => this.rest(), scrubMilliseconds);
  }

  /** Stops at the frame that is shown, if any. */
  rest(): void {
    this.pause();
    clearTimeout(this.scrubbed);
    this.scrubbed = undefined;
    if (this.shown !== undefined) this.callbacks.onRest(this.shown);
  }

  /** Stops because the viewer shows something else. */
  giveWay(): void {
    clearTimeout(this.scrubbed);
    this.shown = undefined;
    this.pause();
  }

  /** Stops without reporting that the path is at rest. */
  pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.changed();
  }

  /** Shows the frame that is due after `steps` steps from the first. */
  showStep(steps: number): void {
    this.steps = steps;
    const frame = frameAfter(steps, this.frameCount, this.backAndForth);
    this.shown = frame;
    const { viewer } = this;
    const packed = {
      frames: viewer.read("frames"),
      frameCount: this.frameCount,
      frameLow: viewer.read("frameLow"),
      frameHigh: viewer.read("frameHigh"),
    };
    this.callbacks.onFrame(unpackedFrame(packed, frame), frame);
    this.changed();
  }

  /** A new path plays at once, unless the user prefers reduced motion. */
  private begin(): void {
    this.steps = 0;
    this.update();
    if (this.frameCount > 1 && !this.callbacks.reducedMotion()) this.play();
  }

  private update(): void {
    if (this.frameCount === 0) this.pause();
    else if (this.playing) this.play();
    this.changed();
  }

  override dispose(): void {
    this.giveWay();
    super.dispose();
  }
}
