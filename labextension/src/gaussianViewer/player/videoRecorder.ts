import type { FrameRecorder, MovieSource } from "./frameRecorder.js";

/** A movie of fewer bytes has a header and no frame. */
const emptyMovieBytes = 1000;
/** How often the encoder is asked for its first bytes, and how many milliseconds apart. */
const encoderTries = 50;
const encoderMilliseconds = 100;
const bitsPerSecond = 12_000_000;

/** The type of a video in a container that this browser can record; undefined if it records none. */
export function videoType(container: "webm" | "mp4"): string | undefined {
  if (typeof MediaRecorder === "undefined" || !("captureStream" in HTMLCanvasElement.prototype)) {
    return undefined;
  }
  const types = {
    webm: ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"],
    mp4: ["video/mp4;codecs=avc1.640028", "video/mp4;codecs=avc1.42E01F", "video/mp4"],
  };
  return types[container].find((type) => MediaRecorder.isTypeSupported(type));
}

/** Records frames as a video, at the speed at which they are drawn. */
export class VideoRecorder implements FrameRecorder {
  readonly isLive = true;
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly stream: MediaStream;
  private readonly recorder: MediaRecorder;
  private readonly pieces: Blob[] = [];
  /** The recorder has ended, also by an error of its own. */
  private readonly ended: Promise<unknown>;

  /** @param mimeType from {@link videoType} */
  constructor(
    { canvas: { width, height }, background }: MovieSource,
    private readonly mimeType: string,
  ) {
    Object.assign(this.canvas, { width, height });
    this.context = this.canvas.getContext("2d")!;
    this.context.fillStyle = background;
    // Frames are taken on request, each held for as long as it is shown
    this.stream = this.canvas.captureStream(0);
    this.recorder = new MediaRecorder(this.stream, { mimeType, videoBitsPerSecond: bitsPerSecond });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.pieces.push(data));
    this.ended = new Promise((resolve) => this.recorder.addEventListener("stop", resolve, { once: true }));
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
    // On a busy machine the encoder lags behind: the last frame is held until the first bytes arrive
    for (let tries = 0; tries < encoderTries && this.bytes < emptyMovieBytes; tries++) {
      this.context.drawImage(this.canvas, 0, 0);
      this.requestFrame();
      recorder.requestData();
      await new Promise((resolve) => setTimeout(resolve, encoderMilliseconds));
    }
    if (recorder.state !== "inactive") recorder.stop();
    await this.ended;
    return this.bytes < emptyMovieBytes ? undefined : new Blob(this.pieces, { type: this.mimeType });
  }

  dispose(): void {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    for (const track of this.stream.getTracks()) track.stop();
  }
}
