import { randomBytes } from "node:crypto";

/** A unique temporary name beside `file`, used while it is being written: `file.1a2b3c4d.part`. */
export function partialName(file: string): string {
  return `${file}.${randomBytes(4).toString("hex")}.part`;
}

/** Whether `name` was made by {@link partialName} for one of `files`. */
export function isPartialName(name: string, files: readonly string[]): boolean {
  const [, of] = /^(.+)\.[0-9a-f]{8}\.part$/.exec(name) ?? [];
  return of !== undefined && files.includes(of);
}

/** The final name of a file or folder that may still have its temporary name; for messages. */
export function finalName(file: string): string {
  return file.replace(/\.[0-9a-f]{8}\.part(?=$|[\\/])/g, "");
}
