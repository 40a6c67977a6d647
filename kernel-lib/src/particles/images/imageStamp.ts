import { stat } from "node:fs/promises";
import path from "node:path";

/**
 * What tells image files apart from others, and from themselves before they were changed: names, sizes and times of change. Folders are left
 * out, so that files may be moved with their times.
 */
export async function imageStamp(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return [path.basename(file), size, mtimeMs];
    }),
  );
  return JSON.stringify(stamps);
}
