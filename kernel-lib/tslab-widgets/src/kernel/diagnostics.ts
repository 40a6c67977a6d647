import type { Diagnostic } from "tslab/dist/converter";

/** What a compiler error shows: one line for the error's value, and the lines of the traceback. */
export interface DescribedDiagnostics {
  /** Number and message of the first error. */
  summary: string;
  /** All errors, with their lines and marks. */
  lines: string[];
}

/** The converter reports a chain of messages as separate entries at one place. */
function continues(diagnostic: Diagnostic, before: Diagnostic | undefined): boolean {
  return (
    before?.start.offset === diagnostic.start.offset &&
    before.end.offset === diagnostic.end.offset &&
    before.fileName === undefined
  );
}

/** The line of the cell, with a mark under the error. */
function excerpt({ start, end }: Diagnostic, text: string): string[] {
  const length = end.line === start.line ? Math.max(1, end.character - start.character) : 1;
  const number = String(start.line + 1);
  const pad = text.slice(0, start.character).replace(/[^\t]/g, " ");
  return ["", `${number} ${text}`, `${" ".repeat(number.length + 1)}${pad}${"~".repeat(length)}`];
}

/**
 * Renders compiler errors as the compiler does: place, number, message, the line and a mark under it.
 * @param diagnostics of one cell
 * @param source      of the cell
 * @param cell        name of the cell in messages
 */
export function describeDiagnostics(
  diagnostics: readonly Diagnostic[],
  source: string,
  cell: string,
): DescribedDiagnostics {
  const lines: string[] = [];
  const sourceLines = source.split("\n");
  let summary = "";
  let before: Diagnostic | undefined;
  for (const diagnostic of diagnostics) {
    const { start, fileName, code, messageText } = diagnostic;
    if (continues(diagnostic, before)) {
      lines.splice(lines.length - 3, 0, `  ${messageText}`);
    } else {
      summary ||= `TS${code}: ${messageText}`;
      lines.push(
        `${fileName ?? cell}:${start.line + 1}:${start.character + 1} - error TS${code}: ${messageText}`,
      );
      const text = fileName === undefined ? sourceLines[start.line] : undefined;
      if (text !== undefined) lines.push(...excerpt(diagnostic, text));
    }
    before = diagnostic;
  }
  return { summary, lines };
}
