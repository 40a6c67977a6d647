import { InputError } from "../errors";
import { readWhole } from "./fileSource";

/**
 * EMAN2's list files (.lst): `#LSX`, a line of comment, a line with the length of the others, then one line per image, `number`,
 * `file` and a dictionary (JSON), separated by tabs and padded with blanks; and the older `#LST` without fixed length.
 */

/** One line of a list. */
export interface LstEntry {
  /** Number of the image in its file, from 0. */
  image: number;
  /** Name of the image file, as in the list. */
  file: string;
  /** Metadata by key, which override those of the image file. */
  values: LstValues;
}

/** The dictionary of a line. */
export type LstValues = Readonly<Record<string, unknown>>;

const newline = 10;
const hash = 35;

/** A list file; lines are parsed on demand. */
export class LstFile {
  private constructor(
    readonly file: string,
    private readonly bytes: Buffer,
    /** First byte of each line. */
    private readonly starts: Float64Array,
    private readonly lineNumbers: Uint32Array,
  ) {}

  /** @throws InputError if the file is missing, no list, or empty */
  static async read(file: string): Promise<LstFile> {
    const bytes = await readWhole(file);
    if (!/^#LS[TX]/.test(bytes.toString("latin1", 0, 4))) {
      throw new InputError(file, "a list of EMAN2, which begins with #LSX", "something else");
    }
    const starts: number[] = [];
    const numbers: number[] = [];
    let line = 1;
    for (let at = 0; at < bytes.length; line++) {
      const end = bytes.indexOf(newline, at);
      const to = end < 0 ? bytes.length : end;
      let first = at;
      while (first < to && bytes[first]! <= 32) first++;
      if (first < to && bytes[first] !== hash) {
        starts.push(at);
        numbers.push(line);
      }
      at = to + 1;
    }
    if (starts.length === 0) throw new InputError(file, "at least one particle", "none");
    return new LstFile(file, bytes, Float64Array.from(starts), Uint32Array.from(numbers));
  }

  /** Number of images. */
  get count(): number {
    return this.starts.length;
  }

  /** Place of an entry for messages. */
  where(row: number): string {
    return `${this.file}: row ${row + 1} (line ${this.lineNumbers[row]})`;
  }

  /** The text of an entry without the blanks that pad it. */
  text(row: number): string {
    const from = this.starts[row]!;
    const end = this.bytes.indexOf(newline, from);
    return this.bytes.toString("utf8", from, end < 0 ? this.bytes.length : end).trim();
  }

  /** @throws InputError for a line without a number and a file, and for a dictionary that cannot be read */
  entry(row: number): LstEntry {
    const text = this.text(row);
    const parts = /^(\d+)(?:\t+ *|\s+)(.*)$/.exec(text);
    const [file, ...rest] = parts ? splitNote(parts[2]!) : [""];
    if (!parts || !file) {
      const found = JSON.stringify(text.slice(0, 60));
      throw new InputError(this.where(row), "the number of an image and the name of its file", found);
    }
    return { image: Number(parts[1]), file, values: this.values(row, rest.join("\t").trim()) };
  }

  private values(row: number, note: string): LstValues {
    if (note === "") return {};
    const values = parseNote(note);
    if (values) return values;
    const found = JSON.stringify(note.slice(0, 60));
    throw new InputError(this.where(row), "a dictionary (JSON) after the file name", found);
  }
}

/** File name and note, which a tab separates, in old lists blanks. */
function splitNote(text: string): string[] {
  return text.includes("\t") ? text.split("\t") : text.split(/\s+(.*)/s);
}

/** A dictionary in one of the forms of EMAN2: JSON, since 2011 and before Python text; undefined for others. */
function parseNote(note: string): LstValues | undefined {
  const direct = dictionary(note);
  if (direct) return direct;
  // `score;Transform({…})`, `Transform({…})` and `{'type':'eman', …}`
  const old = /^(?:([-+\d.eE]+);)?(?:Transform\()?(\{.*\})\)?$/s.exec(note);
  const angles = old && dictionary(pythonAsJson(old[2]!));
  if (!angles) return undefined;
  const { score, ...transform } = angles;
  const given = old[1] === undefined ? score : Number(old[1]);
  return { ...(given !== undefined && { score: given }), "xform.projection": transform };
}

function dictionary(text: string): LstValues | undefined {
  try {
    // Python writes NaN and Infinity, which JSON has not.
    const value: unknown = JSON.parse(text.replace(/([:,[])-?(?:NaN|Infinity)(?=[,}\]])/g, "$1null"));
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as LstValues)
      : undefined;
  } catch {
    return undefined;
  }
}

const pythonAsJson = (text: string) =>
  text
    .replaceAll("'", '"')
    .replace(/\bTrue\b/g, "true")
    .replace(/\bFalse\b/g, "false")
    .replace(/\bNone\b/g, "null");

/** A line of a list: keys sorted and without blanks, as EMAN2 writes them. */
export function lstLine({ image, file, values }: LstEntry): string {
  const keys = Object.keys(values).sort();
  if (keys.length === 0) return `${image}\t${file}`;
  const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(values[key])}`);
  return `${image}\t${file}\t{${pairs.join(",")}}`;
}

/** Lines written at a time. */
const chunkLines = 4096;

/**
 * The bytes of a list, in parts.
 * @param line text of a line, without line end; called twice, since all lines have one length
 */
export function* formatLst(count: number, line: (i: number) => string): Generator<Buffer> {
  let longest = 0;
  for (let i = 0; i < count; i++) longest = Math.max(longest, Buffer.byteLength(line(i)));
  const length = longest + 1;
  yield Buffer.from(
    `#LSX\n# written by e2gmm; all lines after the next have as many characters as it says\n# ${length}\n`,
  );
  for (let from = 0; from < count; from += chunkLines) {
    const part = Buffer.alloc(length * Math.min(chunkLines, count - from), " ");
    for (let at = 0, i = from; at < part.length; at += length, i++) {
      part.write(line(i), at);
      part[at + length - 1] = newline;
    }
    yield part;
  }
}
