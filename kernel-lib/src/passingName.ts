import { randomBytes } from "node:crypto";

/** A name beside a file's place for as long as the file is unfinished; no two calls give the same. */
export function passingName(file: string): string {
  return `${file}.${randomBytes(4).toString("hex")}.part`;
}

/** Whether a name is one of {@link passingName} for a file of one of these names. */
export function isPassingName(name: string, files: readonly string[]): boolean {
  const [, of] = /^(.+)\.[0-9a-f]{8}\.part$/.exec(name) ?? [];
  return of !== undefined && files.includes(of);
}

/** The name that a file, or one in a folder, has when complete: what to call it in messages. */
export function finalName(file: string): string {
  return file.replace(/\.[0-9a-f]{8}\.part(?=$|[\\/])/g, "");
}
