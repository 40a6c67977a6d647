import { throwIfStopped } from "../errors";
import { ImageScreen, type ImageStatistics, imageStatistics } from "../particles/images/imageOutliers";
import { chunkLength, type ImageGroup, type ImageSource } from "./imageSource";

/** Images per group that determine what is normal in it. */
const sampleSize = 64;

/** Screens for outliers, one for each group, from images that are spread uniformly over it. @throws StoppedError */
export async function imageScreens(
  source: ImageSource,
  indices: Int32Array,
  signal: AbortSignal | undefined,
): Promise<Map<ImageGroup, ImageScreen>> {
  const members = new Map<ImageGroup, number[]>();
  for (const index of indices) {
    const group = source.opticsGroup(index);
    const known = members.get(group);
    if (known) known.push(index);
    else members.set(group, [index]);
  }
  const screens = new Map<ImageGroup, ImageScreen>();
  for (const [group, all] of members) {
    const count = Math.min(sampleSize, all.length);
    const sample = Int32Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
    const pixels = group.boxSize ** 2;
    const step = Math.max(1, Math.floor(chunkLength / pixels));
    const statistics: ImageStatistics[] = [];
    for (let from = 0; from < count; from += step) {
      throwIfStopped(signal);
      const images = await source.readGroupImages(sample.subarray(from, from + step));
      for (let at = 0; at < images.length; at += pixels) statistics.push(imageStatistics(images, at, pixels));
    }
    screens.set(group, new ImageScreen(statistics));
  }
  return screens;
}
