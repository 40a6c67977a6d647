import { videoType } from "./videoRecorder.js";

/** Formats of movies. */
export const movieFormats = ["WebM", "MP4", "GIF"] as const;
/** One of {@link movieFormats}. */
export type MovieFormat = (typeof movieFormats)[number];

/** Whether this browser can record a format. */
export function canRecord(format: MovieFormat): boolean {
  return format === "GIF" || videoType(format === "MP4" ? "mp4" : "webm") !== undefined;
}
