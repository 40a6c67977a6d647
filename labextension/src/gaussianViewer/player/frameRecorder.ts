/** The picture that is recorded. */
export interface MovieSource {
  canvas: HTMLCanvasElement;
  /** CSS colour behind the canvas, which is transparent if nothing is drawn. */
  background: string;
  /** Resolves when what was shown has been drawn. */
  drawn(): Promise<void>;
}

/** Takes frames that are drawn one after the other. */
export interface FrameRecorder {
  /** Whether each frame is recorded for as long as it is shown. */
  readonly isLive: boolean;
  /** Adds what a canvas shows. */
  addFrame(picture: HTMLCanvasElement): void;
  /** The movie, or undefined if the browser recorded no frame. */
  finish(): Promise<Blob | undefined>;
  /** Releases what it holds. */
  dispose(): void;
}
