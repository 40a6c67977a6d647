import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";

/** Writes a file under a passing name beside its place and renames it, so that nobody ever sees half of it. */
export async function writeBeside(file: string, content: string | Uint8Array): Promise<void> {
  const passing = `${file}.${randomBytes(4).toString("hex")}.part`;
  try {
    await writeFile(passing, content);
    await rename(passing, file);
  } catch (error) {
    await rm(passing, { force: true });
    throw error;
  }
}
