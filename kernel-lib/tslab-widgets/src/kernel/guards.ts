import type * as TypeScript from "@tslab/typescript-for-tslab";

/**
 * Compiles the interrupt checks into cell code. JavaScript offers no safe way to break code from outside once it runs after
 * an `await`, so every loop and function looks at a word of shared memory, which the socket thread sets. What a check throws
 * can be caught; so checks stand at the head of every loop and function, outside any `try` in it, and once a cell has been
 * given up all of them throw, those after an `await` and at the head of a `catch` too. `finally` blocks have none, so that
 * their last line, which may close a file, can run.
 * Text is only inserted and never moved to another line, so positions can be mapped back.
 */

const flagName = "__jk_flag";
const stopName = "__jk_stop";
const resumeName = "__jk_resume";
const checkCode = `if(${flagName}[0]!==0)${stopName}();`;
const prologue =
  `const {flag:${flagName},stop:${stopName},resume:${resumeName}}=globalThis[Symbol.for("Jupyter.cellGuards")];` +
  `const __impt=globalThis[Symbol.for("Jupyter.import")].bind(null,require);`;

interface Insertion {
  /** Offset in the text before any insertion. */
  position: number;
  text: string;
}

/** Outside an async function `await (x)` would be parsed as a call of a function named await. */
const wrapper = ["async function cell() {", "\n}"] as const;

/** Walks the syntax tree of a cell and collects what has to be inserted. */
class GuardCollector {
  readonly #ts: typeof TypeScript;
  readonly #source: TypeScript.SourceFile;
  readonly insertions: Insertion[] = [{ position: wrapper[0].length, text: prologue }];
  /** Closing texts of constructs that are still open. Those that end at one place are inserted from the inside out. */
  readonly #closing: Insertion[] = [];
  #functionDepth = 0;
  awaitsAtTop = false;

  constructor(ts: typeof TypeScript, code: string) {
    this.#ts = ts;
    const wrapped = wrapper[0] + code + wrapper[1];
    this.#source = ts.createSourceFile("cell.js", wrapped, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
    const [cell] = this.#source.statements as unknown as [TypeScript.FunctionDeclaration];
    for (const statement of cell.body!.statements) this.#visit(statement);
  }

  #visit(node: TypeScript.Node): void {
    const { length } = this.#closing;
    const isFunction = this.#ts.isFunctionLike(node);
    if (isFunction) this.#functionDepth++;
    this.#guard(node);
    this.#ts.forEachChild(node, (child) => this.#visit(child));
    while (this.#closing.length > length) this.insertions.push(this.#closing.pop()!);
    if (isFunction) this.#functionDepth--;
  }

  #guard(node: TypeScript.Node): void {
    const ts = this.#ts;
    if (ts.isForOfStatement(node) && node.awaitModifier) {
      this.#noteAwait();
      this.#guardLoop(node.statement, `${checkCode}${resumeName}();`);
    } else if (ts.isIterationStatement(node, false)) {
      this.#guardLoop(node.statement, checkCode);
    } else if (ts.isAwaitExpression(node)) {
      this.#noteAwait();
      this.#enclose(node, `${resumeName}(`, ")");
    } else if (ts.isCatchClause(node)) {
      this.#insert(node.block.getStart(this.#source) + 1, `${resumeName}();`);
    } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      this.#enclose(node.body, `(${flagName}[0]!==0&&${stopName}(),`, ")");
    } else if (ts.isFunctionLike(node)) {
      const { body } = node as TypeScript.FunctionLikeDeclaration;
      if (body && ts.isBlock(body)) this.#guardFunction(body);
    }
  }

  #noteAwait(): void {
    if (this.#functionDepth === 0) this.awaitsAtTop = true;
  }

  #insert(position: number, text: string): void {
    this.insertions.push({ position, text });
  }

  #enclose(node: TypeScript.Node, before: string, after: string): void {
    this.#insert(node.getStart(this.#source), before);
    this.#closing.push({ position: node.end, text: after });
  }

  #guardLoop(body: TypeScript.Statement, check: string): void {
    if (this.#ts.isBlock(body)) this.#insert(body.getStart(this.#source) + 1, check);
    else this.#enclose(body, `{${check}`, "}");
  }

  #guardFunction(body: TypeScript.Block): void {
    const ts = this.#ts;
    // Directives such as "use strict" must stay first
    const first = body.statements.find(
      (statement) => !(ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression)),
    );
    if (first) this.#insert(first.getStart(this.#source), checkCode);
  }
}

/** Cell code with interrupt checks. */
export interface GuardedCode {
  /** The code with the checks. */
  code: string;
  /** Whether code outside functions awaits; tslab's converter overlooks `await (…)` and `for await`. */
  awaitsAtTop: boolean;
  /** Column in the original text of a position in `code`; lines and columns count from 0. */
  originalColumn(line: number, column: number): number;
}

/** Inserts the interrupt checks into JavaScript code. */
export function addGuards(ts: typeof TypeScript, code: string): GuardedCode {
  const { insertions: collected, awaitsAtTop } = new GuardCollector(ts, code);
  // The sort is stable: at one place, what was opened first comes first, and what is inside closes first.
  const insertions = collected
    .map(({ position, text }) => ({ position: position - wrapper[0].length, text }))
    .sort((a, b) => a.position - b.position);
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
      return withoutInsertions(
        column,
        start,
        insertions.filter(({ position }) => position >= start && position < end),
      );
    },
  };
}

/** The column before the insertions of its line, which begins at `start`. */
function withoutInsertions(column: number, start: number, insertions: readonly Insertion[]): number {
  let original = column;
  let shift = 0;
  for (const { position, text } of insertions) {
    const insertedAt = position - start + shift;
    if (column < insertedAt) break;
    shift += text.length;
    original = Math.max(column - shift, position - start);
  }
  return original;
}
