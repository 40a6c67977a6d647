import { globMatcher } from "./glob";

/** What `history_request` asks for; positions are execution counts. */
export interface HistoryRequest {
  /** Whether outputs are wanted as well. Default: false. */
  output?: boolean;
  /** `range`, `tail` or `search`; anything else counts as `tail`. */
  hist_access_type?: string;
  /** Of a range: 0 is the running session. Default: 0. */
  session?: number;
  /** Of a range: its first line. Default: 0. */
  start?: number;
  /** Of a range: the line after its last. Default: to the end. */
  stop?: number | null;
  /** Of a tail or search: how many of the latest. Default: all. */
  n?: number | null;
  /** Of a search: a file-name pattern. Default: `*`. */
  pattern?: string;
  /** Of a search: only the latest of equal inputs. Default: false. */
  unique?: boolean;
}

interface Entry {
  line: number;
  input: string;
  output: string | null;
}

/** `[session, line, input]`, or with output `[session, line, [input, output]]`. */
export type HistoryItem = [number, number, string | [string, string | null]];

/** Only the running session is kept. It has number 0, since the protocol counts back from it. */
const currentSession = 0;

/** The cells that were run in this session. */
export class History {
  readonly #entries: Entry[] = [];

  /** Adds a cell. @param line its execution count */
  add(line: number, input: string): void {
    this.#entries.push({ line, input, output: null });
  }

  /** Sets the value of the latest cell, as text. */
  setOutput(line: number, output: string): void {
    const entry = this.#entries.at(-1);
    if (entry?.line === line) entry.output = output;
  }

  /** Answers a request. */
  query(request: HistoryRequest): HistoryItem[] {
    return this.#select(request).map(({ line, input, output }) => [
      currentSession,
      line,
      request.output ? [input, output] : input,
    ]);
  }

  #select(request: HistoryRequest): Entry[] {
    switch (request.hist_access_type) {
      case "range": {
        if ((request.session ?? 0) !== currentSession) return [];
        const from = request.start ?? 0;
        const to = request.stop ?? Number.POSITIVE_INFINITY;
        return this.#entries.filter(({ line }) => line >= from && line < to);
      }
      case "search": {
        const matches = globMatcher(request.pattern ?? "*");
        let found = this.#entries.filter(({ input }) => matches(input));
        if (request.unique) {
          const latest = new Map(found.map((entry) => [entry.input, entry]));
          found = found.filter((entry) => latest.get(entry.input) === entry);
        }
        return request.n == null ? found : found.slice(-request.n);
      }
      default:
        return request.n == null ? this.#entries : this.#entries.slice(-request.n);
    }
  }
}
