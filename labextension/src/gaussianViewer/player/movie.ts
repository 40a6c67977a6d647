import type { FrameRecorder, MovieSource } from "./frameRecorder.js";
import { gifRecorder } from "./gifRecorder.js";
import type { MovieFormat } from "./movieFormat.js";
import { VideoRecorder, videoType } from "./videoRecorder.js";

/** What plays, frame by frame. */
export interface Recordable {
  readonly framesPerSecond: number;
  /** Steps of one round. */
  readonly stepsOfRound: number;
  /** Whether it is being recorded. */
  recording: boolean;
  /** Draws a step of the round, from 0. */
  showStep(step: number): void;
  /** Stops playing. */
  pause(): void;
  /** Called at the end. */
  rest(): void;
}

/** Options of {@link recordRound}. */
export interface RecordOptions {
  /** Called after each frame with how many are recorded and how many there will be. */
  onProgress?(frame: number, frames: number): void;
}

/**
 * Plays one round, such as of a path, and records it. The player is at rest afterwards.
 * @param format one that the browser can record
 * @returns the movie; undefined if the browser recorded no frame
 */
export async function recordRound(
  player: Recordable,
  source: MovieSource,
  format: MovieFormat,
  { onProgress }: RecordOptions = {},
): Promise<Blob | undefined> {
  player.pause();
  player.recording = true;
  let recorder: FrameRecorder | undefined;
  try {
    // What has just moved may be drawn coarsely, on a canvas of half the size
    await source.drawn();
    recorder = await recorderOf(format, source, player.framesPerSecond);
    const round = player.stepsOfRound;
    for (let step = 0; step < round; step++) {
      const due = performance.now() + 1000 / player.framesPerSecond;
      player.showStep(step);
      await source.drawn();
      recorder.addFrame(source.canvas);
      onProgress?.(step + 1, round);
      if (recorder.isLive) await milliseconds(Math.max(0, due - performance.now()));
    }
    return await recorder.finish();
  } finally {
    recorder?.dispose();
    player.recording = false;
    player.rest();
  }
}

async function recorderOf(
  format: MovieFormat,
  source: MovieSource,
  framesPerSecond: number,
): Promise<FrameRecorder> {
  if (format === "GIF") return gifRecorder(source, framesPerSecond);
  return new VideoRecorder(source, videoType(format === "MP4" ? "mp4" : "webm")!);
}

function milliseconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count));
}
