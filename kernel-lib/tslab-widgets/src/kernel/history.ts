import { globMatcher } from "./glob";

/** What `history_request` asks for; positions are execution counts. */
export interface HistoryRequest {
  output?: boolean;
  hist_access_type?: string;
  session?: number;
  start?: number;
  stop?: number | null;
  n?: number | null;
  pattern?: string;
  unique?: boolean;
}

interface Entry {
  line: number;
  input: string;
  output: string | null;
}

/** [session, line, input], or with output [session, line, [input, output]] */
export type HistoryItem = [number, number, string | [string, string | null]];

/** Only the running session is kept; it has number 0, as the protocol counts back from the present one. */
const SESSION = 0;

export class History {
  readonly #entries: Entry[] = [];

  add(line: number, input: string): void {
    this.#entries.push({ line, input, output: null });
  }

  setOutput(line: number, output: string): void {
    const entry = this.#entries.at(-1);
    if (entry?.line === line) entry.output = output;
  }

  #select(request: HistoryRequest): Entry[] {
    switch (request.hist_access_type) {
      case "range": {
        if ((request.session ?? 0) !== SESSION) return [];
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

  query(request: HistoryRequest): HistoryItem[] {
    return this.#select(request).map(({ line, input, output }) => [
      SESSION,
      line,
      request.output ? [input, output] : input,
    ]);
  }
}
