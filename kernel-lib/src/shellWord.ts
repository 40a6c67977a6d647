/** A file name as one word of a shell command: quoted unless every shell takes it as it is. */
export function shellWord(name: string): string {
  return /^[\w./:@%+=,-]+$/.test(name) && !name.startsWith("-") ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
