import type { PlayerModel } from "./playerModel.js";

/** A WebM file of fewer bytes has a header and no frame. */
const emptyMovieBytes = 1000;
/** How often the encoder is asked for its first bytes, and how many milliseconds apart. */
const encoderTries = 50;
const encoderMilliseconds = 100;
const bitsPerSecond = 12_000_000;

/** The WebM type that this browser can record; undefined if it records none. */
export function movieType(): string | undefined {
  if (typeof MediaRecorder === "undefined" || !("captureStream" in HTMLCanvasElement.prototype)) {
    return undefined;
  }
  return ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"].find((type) =>
    MediaRecorder.isTypeSupported(type),
  );
}

/** The picture that is recorded. */
export interface MovieSource {
  canvas: HTMLCanvasElement;
  /** CSS colour behind the canvas, which is transparent if nothing is drawn. */
  background: string;
  /** Resolves when what was shown has been drawn. */
  drawn(): Promise<void>;
}

/** Records frames that are drawn one after the other. */
class MovieRecorder {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly stream: MediaStream;
  private readonly recorder: MediaRecorder;
  private readonly pieces: Blob[] = [];

  constructor({ canvas: { width, height }, background }: MovieSource, mimeType: string) {
    Object.assign(this.canvas, { width, height });
    this.context = this.canvas.getContext("2d")!;
    this.context.fillStyle = background;
    // Frames are taken on request, each held for as long as it is shown
    this.stream = this.canvas.captureStream(0);
    this.recorder = new MediaRecorder(this.stream, { mimeType, videoBitsPerSecond: bitsPerSecond });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.pieces.push(data));
    this.recorder.start();
  }

  private get bytes(): number {
    return this.pieces.reduce((sum, { size }) => sum + size, 0);
  }

  private requestFrame(): void {
    const [track] = this.stream.getVideoTracks() as CanvasCaptureMediaStreamTrack[];
    track?.requestFrame();
  }

  addFrame(picture: HTMLCanvasElement): void {
    const { width, height } = this.canvas;
    this.context.fillRect(0, 0, width, height);
    this.context.drawImage(picture, 0, 0, width, height);
    this.requestFrame();
  }

  /** @returns the movie, or undefined if the browser recorded no frame */
  async finish(): Promise<Blob | undefined> {
    const { recorder } = this;
    const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    // On a busy machine the encoder lags behind: the last frame is held until the first bytes arrive
    for (let tries = 0; tries < encoderTries && this.bytes < emptyMovieBytes; tries++) {
      this.context.drawImage(this.canvas, 0, 0);
      this.requestFrame();
      recorder.requestData();
      await milliseconds(encoderMilliseconds);
    }
    recorder.stop();
    await ended;
    return this.bytes < emptyMovieBytes ? undefined : new Blob(this.pieces, { type: "video/webm" });
  }

  dispose(): void {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    for (const track of this.stream.getTracks()) track.stop();
  }
}

/** Options of {@link recordRound}. */
export interface RecordOptions {
  /** Called after each frame with how many are recorded and how many there will be. */
  onProgress?(frame: number, frames: number): void;
}

/**
 * Plays one round of a path and records it. The player is at rest afterwards.
 * @param mimeType from {@link movieType}
 * @returns the movie as WebM; undefined if the browser recorded no frame
 */
export async function recordRound(
  player: PlayerModel,
  source: MovieSource,
  mimeType: string,
  { onProgress }: RecordOptions = {},
): Promise<Blob | undefined> {
  player.pause();
  player.recording = true;
  const recorder = new MovieRecorder(source, mimeType);
  try {
    const round = player.stepsOfRound;
    for (let step = 0; step < round; step++) {
      const due = performance.now() + 1000 / player.framesPerSecond;
      player.showStep(step);
      await source.drawn();
      recorder.addFrame(source.canvas);
      onProgress?.(step + 1, round);
      await milliseconds(Math.max(0, due - performance.now()));
    }
    return await recorder.finish();
  } finally {
    recorder.dispose();
    player.recording = false;
    player.rest();
  }
}

function milliseconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count));
}
