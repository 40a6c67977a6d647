import { writeAtomic } from "./atomicWrite";

/** Characters that are put together before they are written. */
const chunkLength = 1 << 20;

/**
 * Writes a text file row by row, so that a table of millions of rows needs neither the memory of its text nor a string longer than
 * the 512 MiB that JavaScript allows.
 *
 * @param header first line; undefined: none
 * @param row text of a row, without line end; it may throw, and then nothing is left behind
 * @throws InputError, naming the file, for any file system error
 */
export async function writeRows(
  file: string,
  header: string | undefined,
  count: number,
  row: (i: number) => string,
): Promise<void> {
  await writeAtomic(file, async (write) => {
    let text = header === undefined ? "" : `${header}\n`;
    for (let i = 0; i < count; i++) {
      text += `${row(i)}\n`;
      if (text.length < chunkLength) continue;
      await write(Buffer.from(text));
      text = "";
    }
    await write(Buffer.from(text));
  });
}
