import { inspect } from "node:util";
import type { CellPosition } from "./compiler";

/** What the protocol's `error` message says about something thrown. */
export interface ErrorReport {
  ename: string;
  evalue: string;
  traceback: string[];
}

type Locate = (url: string, line: number, column: number) => CellPosition | undefined;

const FRAME = /jupyter-cell:\d+(?=:\d+:\d+)/;
const POSITION = /(jupyter-cell:\d+):(\d+):(\d+)/;
/** Frames of the machinery that runs cells tell a reader nothing. */
const MACHINERY =
  /[\\/]tslab[\\/]dist[\\/]|[\\/]dist[\\/]kernel[\\/]|node:vm:|node:async_hooks|node:internal[\\/](async_local_storage|process[\\/]task_queues)|\(kernel:\d+|evalmachine\.<anonymous>/;
const PLACE = /(cell [^,\s()]+|[\w-]+\.ts), line (\d+):(\d+)/;
const MAX_EVALUE = 2000;
const MAX_FRAME = 4000;
const RED = "\u001b[31m";
const PLAIN = "\u001b[39m";

function describe(position: CellPosition): string {
  return `${position.place}, line ${position.line}:${position.column}`;
}

/** Rewrites a V8 stack frame that lies in compiled cell code; none of a frame that only wraps the cell. */
function mapFrame(frame: string, locate: Locate): string[] {
  const found = POSITION.exec(frame);
  if (!found) return [frame];
  const position = locate(found[1]!, Number(found[2]), Number(found[3]));
  // Variables of earlier cells are properties of a proxy.
  return position ? [frame.replace(POSITION, describe(position)).replace("at Proxy.", "at ")] : [];
}

/** What the runtime prints before the frames: the error's name and message, even where those are hostile getters. */
function headline(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

/**
 * Makes every `error.stack` of the process name cells and their lines instead of compiled code. V8 calls the hook
 * when `stack` is first read.
 */
export function installStackMapping(locate: Locate): void {
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map((site) => `    at ${site}`);
    const lastCell = frames.reduce((last, frame, i) => (FRAME.test(frame) ? i : last), -1);
    // Below a cell there is only what runs cells.
    const shown = (lastCell < 0 ? frames : frames.slice(0, lastCell + 1))
      .filter((frame) => lastCell < 0 || !MACHINERY.test(frame))
      .flatMap((frame) => mapFrame(frame, locate));
    return [headline(error), ...shown].join("\n");
  };
}

/** The line of the cell where an error was thrown, with a mark; empty where the stack names no cell. */
function excerpt(stack: string, sourceOf: (place: string) => string | undefined): string[] {
  // Only frames name a place; a message may be of any length and say anything.
  const frame = stack
    .split("\n")
    .find((line) => line.startsWith("    at ") && line.length < MAX_FRAME && PLACE.test(line));
  const found = frame && PLACE.exec(frame);
  const source = found ? sourceOf(found[1]!) : undefined;
  if (!found || source === undefined) return [];
  const line = Number(found[2]);
  const lines = source.split("\n");
  const width = String(line).length;
  const out: string[] = [];
  for (let n = Math.max(1, line - 1); n <= Math.min(lines.length, line + 1); n++) {
    const mark = n === line ? ">" : " ";
    out.push(`${mark} ${String(n).padStart(width)} | ${lines[n - 1]}`);
    if (n === line) {
      const pad = lines[n - 1]!.slice(0, Number(found[3]) - 1).replace(/[^\t]/g, " ");
      out.push(`  ${" ".repeat(width)} | ${pad}^`);
    }
  }
  return [...out, ""];
}

function safeInspect(value: unknown): string {
  try {
    return inspect(value, { depth: 2, breakLength: 100 });
  } catch (error) {
    return `a value that cannot be shown: ${headline(error)}`;
  }
}

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** Reports anything that was thrown; JavaScript can throw what is no error and has no stack. */
export function reportThrown(
  thrown: unknown,
  sourceOf: (place: string) => string | undefined = () => undefined,
): ErrorReport {
  if (!isError(thrown)) {
    const evalue = safeInspect(thrown).slice(0, MAX_EVALUE);
    return {
      ename: "Thrown",
      evalue,
      traceback: [`${RED}Thrown${PLAIN}: ${evalue}`, "(not an Error, so there is no stack)"],
    };
  }
  const read = (key: "name" | "message" | "stack") => {
    try {
      return String(thrown[key] ?? "");
    } catch {
      return "";
    }
  };
  const ename = read("name") || "Error";
  const hint = esmHint(thrown);
  const evalue = [read("message"), hint].filter((text) => text !== "").join("\n");
  const stack = read("stack");
  // `inspect` adds causes, the errors of an AggregateError and properties to the stack.
  const details = safeInspect(thrown).split("\n");
  const heading = evalue === "" ? ename : `${ename}: ${evalue}`;
  const frames = details.findIndex((line) => /^\s+at /.test(line));
  const rest = frames < 0 ? [] : details.slice(frames);
  return {
    ename,
    evalue: evalue.slice(0, MAX_EVALUE),
    traceback: [`${RED}${ename}${PLAIN}${heading.slice(ename.length)}`, ...excerpt(stack, sourceOf), ...rest],
  };
}

/** What to do about a package that CommonJS cannot load. */
function esmHint(error: Error): string {
  const code = (error as { code?: unknown }).code;
  const esm = ["ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE", "ERR_PACKAGE_PATH_NOT_EXPORTED"];
  return esm.includes(String(code))
    ? 'This package is an ES module that cannot be loaded by "import … from"; write: const name = await import("…")'
    : "";
}
