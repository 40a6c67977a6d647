import type * as TypeScript from "@tslab/typescript-for-tslab";
import type { Executor } from "tslab/dist/executor";
import type { OptionsType, QuickInfoWithOptions } from "./optionTypes";
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

/** Content of `complete_reply`. */
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
      // Shown by JupyterLab beside each entry.
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

/** Offsets to inspect: the cursor, then the names before the brackets that are open around it. */
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

function plainOptions({ name, fields }: OptionsType): string {
  const lines = fields.map((field) => `  ${field.name}: ${field.type}  ${field.documentation}`.trimEnd());
  return [`${name}:`, ...lines].join("\n");
}

function markdownOptions({ name, fields }: OptionsType): string {
  const lines = fields.map(
    (field) => `- \`${field.name}: ${field.type.replaceAll("`", "'")}\` ${field.documentation}`,
  );
  return [`**${name}**`, "", ...lines].join("\n");
}

/** Content of `inspect_reply`. */
export function inspectCode(executor: Executor, content: Json): Json {
  const code = String(content["code"] ?? "");
  for (const at of candidates(code, cursor(code, content))) {
    const info = executor.inspect(code, at) as QuickInfoWithOptions | undefined;
    if (!info?.displayParts?.length) continue;
    const options = info.optionsTypes ?? [];
    const signature = partsText(info.displayParts);
    const documentation = partsText(info.documentation);
    const tags = (info.tags ?? []).map(({ name, text }) => ({ name, text: partsText(text) }));
    const plain = [
      signature,
      documentation,
      ...options.map(plainOptions),
      ...tags.map(({ name, text }) => `@${name} ${text}`.trim()),
    ];
    const markdown = [
      `\`\`\`typescript\n${signature}\n\`\`\``,
      documentation,
      ...options.map(markdownOptions),
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

const indentUnit = "  ";

/** The indent of the next line: that of the last one, deeper after an opening bracket. */
function nextIndent(code: string): string {
  const last = code.slice(code.lastIndexOf("\n") + 1);
  const indent = /^\s*/.exec(last)![0];
  return /[{([]\s*$/.test(last) ? indent + indentUnit : indent;
}

/** Whether a bracket does not match the one that was opened last, which no text that follows can repair. */
function bracketsCross(ts: Ts, code: string): boolean {
  const { SyntaxKind } = ts;
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, code);
  const closers = new Map([
    [SyntaxKind.OpenBraceToken, SyntaxKind.CloseBraceToken],
    [SyntaxKind.OpenParenToken, SyntaxKind.CloseParenToken],
    [SyntaxKind.OpenBracketToken, SyntaxKind.CloseBracketToken],
    [SyntaxKind.TemplateHead, SyntaxKind.TemplateTail],
  ]);
  const closing = new Set(closers.values());
  // After these a slash divides; elsewhere it begins a regular expression
  const endsExpression = new Set<TypeScript.SyntaxKind>([
    ...closing,
    SyntaxKind.Identifier,
    SyntaxKind.NumericLiteral,
    SyntaxKind.BigIntLiteral,
    SyntaxKind.StringLiteral,
    SyntaxKind.RegularExpressionLiteral,
    SyntaxKind.NoSubstitutionTemplateLiteral,
    SyntaxKind.ThisKeyword,
    SyntaxKind.SuperKeyword,
    SyntaxKind.TrueKeyword,
    SyntaxKind.FalseKeyword,
    SyntaxKind.NullKeyword,
    SyntaxKind.PlusPlusToken,
    SyntaxKind.MinusMinusToken,
  ]);
  const expected: TypeScript.SyntaxKind[] = [];
  let before: TypeScript.SyntaxKind | undefined;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === SyntaxKind.CloseBraceToken && expected.at(-1) === SyntaxKind.TemplateTail) {
      kind = scanner.reScanTemplateToken(false);
    }
    if (kind === SyntaxKind.SlashToken && !(before !== undefined && endsExpression.has(before))) {
      kind = scanner.reScanSlashToken();
    }
    const closer = closers.get(kind);
    if (closer !== undefined) expected.push(closer);
    else if (closing.has(kind) && expected.pop() !== kind) return true;
    before = kind;
  }
  return false;
}

/**
 * Content of `is_complete_reply`: `incomplete` if more text could complete the code, else `invalid`. TypeScript
 * reports what is missing at the end of the text and what is wrong before it; unfinished code can have both, where its
 * beginning is ambiguous. Two empty lines at the end ask for the code to be run as it is.
 */
export function isComplete(ts: Ts, content: Json): Json {
  const code = String(content["code"] ?? "");
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: TypeScript.DiagnosticWithLocation[] };
  if (parseDiagnostics.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const missing = parseDiagnostics.some(({ start }) => start >= end);
  if (!missing || bracketsCross(ts, code)) return { status: "invalid" };
  if (code.slice(end).split("\n").length > 2) return { status: "complete" };
  return { status: "incomplete", indent: nextIndent(code) };
}
