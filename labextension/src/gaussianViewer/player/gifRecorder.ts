import type { FrameRecorder, MovieSource } from "./frameRecorder.js";

/** Longer edge in pixels above which frames are scaled down: a GIF is large. */
const longestEdge = 800;

/** Records frames as GIF. */
export async function gifRecorder(source: MovieSource, framesPerSecond: number): Promise<FrameRecorder> {
  const { Gif } = await import("./gif.js");
  const { canvas: shown, background } = source;
  const scale = Math.min(1, longestEdge / Math.max(shown.width, shown.height));
  const [width, height] = [shown.width, shown.height].map((pixels) =>
    Math.max(1, Math.round(scale * pixels)),
  );
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const gif = new Gif(width!, height!, framesPerSecond);
  return {
    isLive: false,
    addFrame: (picture) => {
      context.fillStyle = background;
      context.fillRect(0, 0, width!, height!);
      context.drawImage(picture, 0, 0, width!, height!);
      gif.add(context.getImageData(0, 0, width!, height!).data);
    },
    finish: async () => new Blob([gif.finish() as BlobPart], { type: "image/gif" }),
    dispose: () => {},
  };
}
