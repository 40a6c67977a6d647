import type * as TypeScript from "@tslab/typescript-for-tslab";
import type { Executor } from "tslab/dist/executor";
import type { Json } from "./wire";

/** Completion, inspection and "is this cell complete?". Positions in messages count code points, TypeScript's UTF-16. */

type Ts = typeof TypeScript;

function toUnits(code: string, codePoints: number): number {
  let units = 0;
  for (let n = 0; n < codePoints && units < code.length; n++) {
    units += code.codePointAt(units)! > 0xffff ? 2 : 1;
  }
  return units;
}

function toCodePoints(code: string, units: number): number {
  let n = 0;
  for (let at = 0; at < units && at < code.length; n++) at += code.codePointAt(at)! > 0xffff ? 2 : 1;
  return n;
}

function cursor(code: string, content: Json): number {
  const given = content["cursor_pos"];
  return typeof given === "number" && given >= 0 ? toUnits(code, given) : code.length;
}

export function complete(executor: Executor, content: Json): Json {
  const code = String(content["code"] ?? "");
  const info = executor.complete(code, cursor(code, content));
  const start = toCodePoints(code, info.start);
  const end = toCodePoints(code, info.end);
  const kinds = new Map(info.original?.entries.map((entry) => [entry.name, String(entry.kind)]));
  return {
    status: "ok",
    matches: info.candidates,
    cursor_start: start,
    cursor_end: end,
    metadata: {
      // What JupyterLab shows beside each entry.
      _jupyter_types_experimental: info.candidates.map((text) => ({
        text,
        type: kinds.get(text) ?? "",
        start,
        end,
      })),
    },
  };
}

function partsText(parts: readonly { text: string }[] | undefined): string {
  return (parts ?? []).map(({ text }) => text).join("");
}

/** Offsets worth asking about: the cursor, then the names before the brackets that are open around it. */
function candidates(code: string, at: number): number[] {
  const found = [at];
  let depth = 0;
  for (let i = at - 1; i >= 0 && found.length < 4; i--) {
    const character = code[i]!;
    if (")]}".includes(character)) depth++;
    if ("([{".includes(character)) {
      if (depth > 0) depth--;
      else if (character === "(") found.push(i);
    }
  }
  return found;
}

export function inspectCode(executor: Executor, content: Json): Json {
  const code = String(content["code"] ?? "");
  for (const at of candidates(code, cursor(code, content))) {
    const info = executor.inspect(code, at) as TypeScript.QuickInfo | undefined;
    if (!info?.displayParts?.length) continue;
    const signature = partsText(info.displayParts);
    const documentation = partsText(info.documentation);
    const tags = (info.tags ?? []).map(({ name, text }) => ({ name, text: partsText(text) }));
    const plain = [signature, documentation, ...tags.map(({ name, text }) => `@${name} ${text}`.trim())];
    const markdown = [
      `\`\`\`typescript\n${signature}\n\`\`\``,
      documentation,
      tags.map(({ name, text }) => `- *@${name}* ${text}`.trimEnd()).join("\n"),
    ];
    const join = (sections: string[], by: string) => sections.filter((text) => text !== "").join(by);
    return {
      status: "ok",
      found: true,
      data: { "text/plain": join(plain, "\n"), "text/markdown": join(markdown, "\n\n") },
      metadata: {},
    };
  }
  return { status: "ok", found: false, data: {}, metadata: {} };
}

/**
 * TypeScript's numbers for a literal or comment that is not closed: the text may go on. They are placed where it
 * begins, unlike those for a missing bracket or expression, which are placed at the end.
 */
const UNTERMINATED = new Set([
  1002, // string literal
  1010, // comment
  1160, // template
  1161, // regular expression
]);
/** Of these, what can go on in a next line. */
const GOES_ON = new Set([1010, 1160]);

const INDENT = "  ";

/** The indent of the line that comes next: that of the last one, deeper after a bracket that it opens. */
function nextIndent(code: string): string {
  const last = code.slice(code.lastIndexOf("\n") + 1);
  const indent = /^\s*/.exec(last)![0];
  return /[{([]\s*$/.test(last) ? indent + INDENT : indent;
}

/**
 * `incomplete` where more text could make the code complete, `invalid` where none could. Two empty lines at the end
 * ask for the code to be run as it is.
 */
export function isComplete(ts: Ts, content: Json): Json {
  const code = String(content["code"] ?? "");
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: TypeScript.DiagnosticWithLocation[] };
  if (parseDiagnostics.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const early = parseDiagnostics.filter(({ start }) => start < end);
  const missing = parseDiagnostics.length > early.length;
  const open = missing || early.some(({ code: number }) => GOES_ON.has(number));
  if (!open || early.some(({ code: number }) => !UNTERMINATED.has(number))) return { status: "invalid" };
  if (/(^|\n)\s*\n\s*$/.test(code)) return { status: "complete" };
  return { status: "incomplete", indent: nextIndent(code) };
}
