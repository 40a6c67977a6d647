/**
 * A file name, without ending, from the name of a set: letters and digits of any script are kept, other characters become
 * underscores. At most 80 characters; `set` if nothing is left.
 */
export function fileNameOf(name: string): string {
  const plain = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}.-]+/gu, "_")
    .replace(/^[._-]+|[._-]+$/gu, "")
    .slice(0, 80);
  return plain === "" ? "set" : plain;
}
