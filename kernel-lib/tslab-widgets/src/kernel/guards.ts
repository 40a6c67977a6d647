import type * as TypeScript from "@tslab/typescript-for-tslab";

/**
 * Compiles the interrupt checks into cell code. JavaScript offers no safe way to break code from outside once it
 * runs after an `await`, so every loop and function looks at a word of shared memory, which the socket thread sets.
 * What a check throws can be caught; so checks stand at the head of every loop and function, outside of any `try`
 * that is in it, and once a cell has been given up all of them throw, those after an `await` and at the head of a
 * `catch` too. `finally` has none: a last line of it that closes a file may run.
 * Text is only inserted, never moved to another line, so positions can be mapped back.
 */

const FLAG = "__jk_flag";
const STOP = "__jk_stop";
const RESUME = "__jk_resume";
const CHECK = `if(${FLAG}[0]!==0)${STOP}();`;
const PROLOGUE =
  `const {flag:${FLAG},stop:${STOP},resume:${RESUME}}=globalThis[Symbol.for("Jupyter.cellGuards")];` +
  `const __impt=globalThis[Symbol.for("Jupyter.import")].bind(null,require);`;

export interface Insertion {
  /** Offset in the text before any insertion. */
  position: number;
  text: string;
}

/** Outside an async function `await (x)` would be parsed as a call of something named await. */
const WRAPPER = ["async function cell() {", "\n}"] as const;

function insertionsFor(
  ts: typeof TypeScript,
  code: string,
): { insertions: Insertion[]; awaitsAtTop: boolean } {
  let awaitsAtTop = false;
  let functionDepth = 0;
  const source = ts.createSourceFile(
    "cell.js",
    WRAPPER[0] + code + WRAPPER[1],
    ts.ScriptTarget.ES2022,
    false,
    ts.ScriptKind.JS,
  );
  const insertions: Insertion[] = [{ position: WRAPPER[0].length, text: PROLOGUE }];
  const insert = (position: number, text: string) => insertions.push({ position, text });

  const guardLoop = (body: TypeScript.Statement, check: string) => {
    const start = body.getStart(source);
    if (ts.isBlock(body)) {
      insert(start + 1, check);
    } else {
      insert(start, `{${check}`);
      after.push({ position: body.end, text: "}" });
    }
  };
  const guardFunction = (body: TypeScript.Block) => {
    const first = body.statements.find(
      (statement) => !(ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression)),
    );
    if (first) insert(first.getStart(source), CHECK);
  };
  // Closing texts of nested constructs that end at one place belong there in the order in which they close.
  const after: Insertion[] = [];

  const visit = (node: TypeScript.Node): void => {
    const pending = after.length;
    const isFunction = ts.isFunctionLike(node);
    if (isFunction) functionDepth++;
    if (ts.isForOfStatement(node) && node.awaitModifier) {
      awaitsAtTop ||= functionDepth === 0;
      guardLoop(node.statement, `${CHECK}${RESUME}();`);
    } else if (ts.isIterationStatement(node, false)) {
      guardLoop(node.statement, CHECK);
    } else if (ts.isAwaitExpression(node)) {
      awaitsAtTop ||= functionDepth === 0;
      insert(node.getStart(source), `${RESUME}(`);
      after.push({ position: node.end, text: ")" });
    } else if (ts.isCatchClause(node)) {
      insert(node.block.getStart(source) + 1, `${RESUME}();`);
    } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      insert(node.body.getStart(source), `(${FLAG}[0]!==0&&${STOP}(),`);
      after.push({ position: node.body.end, text: ")" });
    } else if (isFunction) {
      const { body } = node as TypeScript.FunctionLikeDeclaration;
      if (body && ts.isBlock(body)) guardFunction(body);
    }
    ts.forEachChild(node, visit);
    while (after.length > pending) insertions.push(after.pop()!);
    if (isFunction) functionDepth--;
  };
  const [wrapper] = source.statements as unknown as [TypeScript.FunctionDeclaration];
  for (const statement of wrapper.body!.statements) visit(statement);
  // Stable: at one place, what was opened first comes first, and what is inside closes first.
  const sorted = insertions
    .map(({ position, text }) => ({ position: position - WRAPPER[0].length, text }))
    .sort((a, b) => a.position - b.position);
  return { insertions: sorted, awaitsAtTop };
}

export interface GuardedCode {
  code: string;
  /** Whether code outside functions awaits; tslab's converter overlooks `await (…)` and `for await`. */
  awaitsAtTop: boolean;
  /** Position in the original text of a position in `code`; lines count from 0, columns from 0. */
  originalColumn(line: number, column: number): number;
}

export function addGuards(ts: typeof TypeScript, code: string): GuardedCode {
  const { insertions, awaitsAtTop } = insertionsFor(ts, code);
  const parts: string[] = [];
  let from = 0;
  for (const { position, text } of insertions) {
    parts.push(code.slice(from, position), text);
    from = position;
  }
  parts.push(code.slice(from));
  return {
    code: parts.join(""),
    awaitsAtTop,
    originalColumn(line, column) {
      const lineStarts = ts.createSourceFile("cell.js", code, ts.ScriptTarget.ES2022).getLineStarts();
      const start = lineStarts[line];
      if (start === undefined) return column;
      const end = lineStarts[line + 1] ?? code.length + 1;
      let original = column;
      let shift = 0;
      for (const { position, text } of insertions) {
        if (position < start || position >= end) continue;
        // Where the insertion begins in the guarded line.
        const begins = position - start + shift;
        if (column < begins) break;
        shift += text.length;
        original = Math.max(column - shift, position - start);
      }
      return original;
    },
  };
}
