import path from "node:path";
import { inspect } from "node:util";
import type { CellPosition } from "./compiler";

/** Content of an `error` message. */
export interface ErrorReport {
  /** Name of the error. */
  ename: string;
  /** Its message. */
  evalue: string;
  /** Lines that front ends show, with codes for colours. */
  traceback: string[];
}

type Locate = (url: string, line: number, column: number) => CellPosition | undefined;

const framePattern = /jupyter-cell:\d+(?=:\d+:\d+)/;
const positionPattern = /(jupyter-cell:\d+):(\d+):(\d+)/;
/** Frames of the code that runs cells, which are left out. */
const machineryPattern =
  /[\\/]tslab[\\/]dist[\\/]|node:vm:|node:async_hooks|node:internal[\\/](async_local_storage|process[\\/]task_queues)|\(kernel:\d+|evalmachine\.<anonymous>/;
const isMachinery = (frame: string) => frame.includes(__dirname + path.sep) || machineryPattern.test(frame);
const placePattern = /(cell [^,\s()]+|[\w-]+\.ts), line (\d+):(\d+)/;
/** A true property of this name marks an error of the user's input, for which only frames of cells are shown. */
const userError = Symbol.for("Jupyter.userError");
const maxEvalueLength = 2000;
const maxFrameLength = 4000;
const red = "\u001b[31m";
const plain = "\u001b[39m";

function describe(position: CellPosition): string {
  return `${position.place}, line ${position.line}:${position.column}`;
}

/** Rewrites a V8 stack frame in compiled cell code; removes one that only wraps the cell. */
function mapFrame(frame: string, locate: Locate): string[] {
  const found = positionPattern.exec(frame);
  if (!found) return [frame];
  const position = locate(found[1]!, Number(found[2]), Number(found[3]));
  // Variables of earlier cells are properties of a proxy.
  return position ? [frame.replace(positionPattern, describe(position)).replace("at Proxy.", "at ")] : [];
}

/** Name and message of an error, even where those are getters that throw. */
function headline(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

/**
 * Makes every `error.stack` of the process name cells and their lines instead of compiled code. V8 calls the hook when
 * `stack` is first read.
 */
export function installStackMapping(locate: Locate): void {
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map((site) => `    at ${site}`);
    const lastCell = frames.reduce((last, frame, i) => (framePattern.test(frame) ? i : last), -1);
    // Frames below a cell belong to the code that runs cells.
    const shown = (lastCell < 0 ? frames : frames.slice(0, lastCell + 1))
      .filter((frame) => lastCell < 0 || !isMachinery(frame))
      .flatMap((frame) => mapFrame(frame, locate));
    return [headline(error), ...shown].join("\n");
  };
}

/** The line of the cell where an error was thrown, with a mark; nothing if the stack names no cell. */
function excerpt(stack: string, sourceOf: (place: string) => string | undefined): string[] {
  // Only frames are searched: a message may have any length and content.
  const frame = stack
    .split("\n")
    .find((line) => line.startsWith("    at ") && line.length < maxFrameLength && placePattern.test(line));
  const found = frame && placePattern.exec(frame);
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

/**
 * Describes anything that was thrown, which need not be an Error.
 * @param sourceOf text of a cell by its name, for the excerpt. Default: no excerpt
 */
export function reportThrown(
  thrown: unknown,
  sourceOf: (place: string) => string | undefined = () => undefined,
): ErrorReport {
  if (!isError(thrown)) {
    const evalue = safeInspect(thrown).slice(0, maxEvalueLength);
    return {
      ename: "Thrown",
      evalue,
      traceback: [`${red}Thrown${plain}: ${evalue}`, "(not an Error, so there is no stack)"],
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
  const all = frames < 0 ? [] : details.slice(frames);
  const ofUser = (thrown as { [userError]?: unknown })[userError] === true;
  const rest = ofUser ? all.filter((line) => !/^\s+at /.test(line) || placePattern.test(line)) : all;
  return {
    ename,
    evalue: evalue.slice(0, maxEvalueLength),
    traceback: [`${red}${ename}${plain}${heading.slice(ename.length)}`, ...excerpt(stack, sourceOf), ...rest],
  };
}

/** How to import a package that CommonJS cannot load. */
function esmHint(error: Error): string {
  const code = (error as { code?: unknown }).code;
  const esm = ["ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE", "ERR_PACKAGE_PATH_NOT_EXPORTED"];
  return esm.includes(String(code))
    ? 'This package is an ES module that cannot be loaded by "import … from"; write: const name = await import("…")'
    : "";
}
