/** Text and numbers in a short form, for messages and figures. */

/** Text of at most `maxLength` characters, the last one `…` if it was cut. */
export function shorten(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

/** A number rounded to `digits` significant digits, without trailing zeros. */
export function roundedText(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

/** A text in lines of at most `length` characters, unless a word is longer. */
export function wrapped(text: string, length: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= length) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
