/** A file name, without ending, that says what a set is called: letters and digits of any script, else underscores. */
export function fileNameOf(name: string): string {
  const plain = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}.-]+/gu, "_")
    .replace(/^[._-]+|[._-]+$/gu, "")
    .slice(0, 80);
  return plain === "" ? "set" : plain;
}
