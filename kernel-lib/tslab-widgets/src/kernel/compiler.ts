import { existsSync, readFileSync } from "node:fs";
import { createRequire, SourceMap } from "node:module";
import path from "node:path";
import type * as TypeScript from "@tslab/typescript-for-tslab";
import type { Converter, Diagnostic } from "tslab/dist/converter";
import { bindEarlierNames } from "./earlierNames";
import { addGuards, type GuardedCode } from "./guards";
import { nameLibraryFiles } from "./libraryNames";
import { createModuleTypes, type HostPackage } from "./moduleTypes";

/**
 * tslab's converter, with what it lacks: source maps, interrupt checks, a real `import()`, names of earlier cells in
 * shorthand properties, and module resolution that finds the package which brought the kernel, wherever the notebook
 * lies. The converter takes no options for these, so it is loaded with a TypeScript module of which three functions
 * are wrapped.
 */

export function readHostPackage(folder: string): HostPackage {
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
    name: string;
    types?: string;
    main?: string;
  };
  return {
    name: manifest.name,
    folder,
    types: path.join(folder, manifest.types ?? (manifest.main ?? "index.js").replace(/\.js$/, ".d.ts")),
  };
}

/** Where in a cell (or a module beside the notebook) something happened; lines and columns count from 1. */
export interface CellPosition {
  /** `cell 3`, or the path of a module. */
  place: string;
  line: number;
  column: number;
  /** Text of the line. */
  text: string | undefined;
}

interface CompiledUnit {
  place: string;
  /** Lines of compiled code; what follows belongs to tslab's executor. */
  lines: number;
  source: string;
  /** Column before the guards were inserted. */
  column(line: number, column: number): number;
  maps: () => SourceMap[];
}

/** Lines that the converter puts before the source of a cell. */
const PREFIX_LINES = 1;
/** What tslab's executor puts before the compiled code, on its first line. */
const EXECUTOR_PREFIX = {
  sync: "(function(exports, require) { ",
  async: "(async function(exports, require) { ",
};
const MAP_COMMENT = /\n?\/\/# sourceMappingURL=\S+\s*$/;
const UNIT_SCHEME = "jupyter-cell:";

const tslabRequire = createRequire(require.resolve("tslab/package.json"));
const typescriptPath = tslabRequire.resolve("@tslab/typescript-for-tslab");

type Ts = typeof TypeScript;

let typescript: Ts | undefined;

/** The TypeScript that cells are checked with. Loading it takes a moment. */
export function loadTypeScript(): Ts {
  typescript ??= tslabRequire("@tslab/typescript-for-tslab") as Ts;
  return typescript;
}

/** Loads tslab's converter over a TypeScript module in which some functions are replaced. */
function loadConverter(replacements: Partial<Ts>): typeof import("tslab/dist/converter") {
  const ts = loadTypeScript();
  const facade: object = Object.create(null);
  for (const key of Object.keys(ts) as (keyof Ts)[]) {
    Object.defineProperty(facade, key, {
      enumerable: true,
      configurable: true,
      get: () => replacements[key] ?? ts[key],
    });
  }
  const cached = require.cache[typescriptPath]!;
  const original = cached.exports;
  cached.exports = facade;
  try {
    // Whoever loaded it before got it over the plain module.
    delete require.cache[tslabRequire.resolve("./dist/converter")];
    return tslabRequire("./dist/converter");
  } finally {
    cached.exports = original;
  }
}

export interface CompilerOptions {
  /** Packages that cells can import wherever the notebook lies. */
  hosts?: readonly HostPackage[];
  /** Declaration files that every cell sees. */
  ambient?: readonly string[];
}

export class Compiler {
  readonly ts: Ts = loadTypeScript();
  readonly #options: CompilerOptions;
  readonly #converter: Converter;
  /** Source maps of the first stage (TypeScript to ES modules) by the text that came out of it. */
  readonly #firstMaps = new Map<string, string>();
  /** Both maps of a unit by the final text. */
  readonly #finalMaps = new Map<string, string[]>();
  readonly #units = new Map<string, CompiledUnit>();
  #nextUnit = 0;
  #place = "cell";
  /** What the last conversion of a cell complained about. */
  diagnostics: readonly Diagnostic[] = [];

  constructor(options: CompilerOptions = {}) {
    this.#options = options;
    const { createConverter } = loadConverter({
      createWatchCompilerHost: this.#createHost as unknown as Ts["createWatchCompilerHost"],
      createWatchProgram: this.#createProgram as unknown as Ts["createWatchProgram"],
      transpileModule: (input, transpileOptions) => this.#transpile(input, transpileOptions),
    });
    this.#converter = createConverter({ isJS: false, isBrowser: false });
  }

  /** What tslab's executor is given in place of the converter. */
  get converter(): Converter {
    const inner = this.#converter;
    return { ...inner, convert: (declarations, source) => this.#convert(declarations, source) };
  }

  /** Names the cell whose conversion comes next. */
  beginCell(place: string): void {
    this.#place = place;
    this.diagnostics = [];
  }

  close(): void {
    this.#converter.close();
  }

  #convert(declarations: string, source: string): ReturnType<Converter["convert"]> {
    const result = this.#converter.convert(declarations, source);
    this.diagnostics = result.diagnostics;
    if (result.output !== undefined) {
      const guarded = addGuards(this.ts, result.output);
      result.hasToplevelAwait = result.hasToplevelAwait === true || guarded.awaitsAtTop;
      const prefix = result.hasToplevelAwait ? EXECUTOR_PREFIX.async : EXECUTOR_PREFIX.sync;
      result.output = this.#finish(result.output, guarded, this.#place, source, prefix.length);
    }
    for (const side of result.sideOutputs ?? []) {
      const file = side.path.replace(/\.js$/, ".ts");
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      const guarded = addGuards(this.ts, side.data);
      side.data = this.#finish(side.data, guarded, path.basename(file), text, 0);
    }
    this.#firstMaps.clear();
    this.#finalMaps.clear();
    return result;
  }

  /** Gives guarded code a name by which stack frames are found again. */
  #finish(code: string, guarded: GuardedCode, place: string, source: string, firstLineShift: number): string {
    const texts = this.#finalMaps.get(code) ?? [];
    let parsed: SourceMap[] | undefined;
    const id = String(this.#nextUnit++);
    this.#units.set(id, {
      place,
      source,
      lines: code.trimEnd().split("\n").length,
      column: (line, column) => guarded.originalColumn(line, line === 0 ? column - firstLineShift : column),
      maps: () => {
        parsed ??= texts.map((text) => new SourceMap(JSON.parse(text)));
        return parsed;
      },
    });
    return `${guarded.code}\n//# sourceURL=${UNIT_SCHEME}${id}`;
  }

  /** Where a position of compiled code (counted from 1) comes from, or undefined where it is not a cell's. */
  originalPosition(url: string, line: number, column: number): CellPosition | undefined {
    if (!url.startsWith(UNIT_SCHEME)) return undefined;
    const unit = this.#units.get(url.slice(UNIT_SCHEME.length));
    if (!unit || line > unit.lines) return undefined;
    let at = { line: line - 1, column: unit.column(line - 1, column - 1) };
    for (const map of unit.maps()) {
      const entry = map.findEntry(at.line, at.column) as { originalLine?: number; originalColumn?: number };
      if (entry.originalLine === undefined || entry.originalColumn === undefined) return undefined;
      at = { line: entry.originalLine, column: entry.originalColumn };
    }
    // Modules beside the notebook are read as they are; only cells and virtual modules carry the prefix.
    const sourceLine = unit.place.endsWith(".ts") ? at.line : at.line - PREFIX_LINES;
    return {
      place: unit.place,
      line: sourceLine + 1,
      column: at.column + 1,
      text: unit.source.split("\n")[sourceLine],
    };
  }

  #transpile(
    input: string,
    transpileOptions: TypeScript.TranspileOptions,
  ): ReturnType<Ts["transpileModule"]> {
    const output = this.ts.transpileModule(this.#redirectImports(input), {
      ...transpileOptions,
      compilerOptions: { ...transpileOptions.compilerOptions, sourceMap: true },
    });
    output.outputText = output.outputText.replace(MAP_COMMENT, "\n");
    const first = this.#firstMaps.get(input);
    if (output.sourceMapText !== undefined && first !== undefined) {
      this.#finalMaps.set(output.outputText, [output.sourceMapText, first]);
    }
    return output;
  }

  /**
   * `import(x)` would become `require(x)` on the way to CommonJS, which loads no ES module that awaits at its top
   * level. The replacement is as long as the keyword, so that no position moves.
   */
  #redirectImports(code: string): string {
    if (!code.includes("import(")) return code;
    const { ts } = this;
    const source = ts.createSourceFile("cell.js", code, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
    let result = code;
    const visit = (node: TypeScript.Node): void => {
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
        const start = node.expression.getStart(source);
        result = `${result.slice(0, start)}__impt${result.slice(start + "import".length)}`;
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return result;
  }

  readonly #createHost = (
    rootFiles: string[],
    options: TypeScript.CompilerOptions,
    system: TypeScript.System,
    ...rest: never[]
  ) => {
    const { ts } = this;
    type Host = TypeScript.WatchCompilerHostOfFilesAndCompilerOptions<TypeScript.BuilderProgram>;
    const create = ts.createWatchCompilerHost as unknown as (...all: unknown[]) => Host;
    const host = create(
      [...rootFiles, ...(this.#options.ambient ?? [])],
      { ...options, ...this.#nodeTypes(options), sourceMap: true },
      system,
      ...rest,
    );
    const types = createModuleTypes(ts, system, this.#options.hosts ?? []);
    host.resolveModuleNameLiterals = types.resolve;
    host.hasInvalidatedResolutions = types.mayChange;
    // The converter assigns this to get hold of each new program.
    let receive: ((program: TypeScript.BuilderProgram) => void) | undefined;
    Object.defineProperty(host, "afterProgramCreate", {
      get: () => receive,
      set: (callback: (program: TypeScript.BuilderProgram) => void) => {
        receive = (program) => callback(this.#wrapEmit(program));
      },
    });
    return host;
  };

  readonly #createProgram = (host: Parameters<Ts["createWatchProgram"]>[0]) => {
    type Host = TypeScript.WatchCompilerHostOfFilesAndCompilerOptions<TypeScript.BuilderProgram>;
    const watch = this.ts.createWatchProgram(host as unknown as Host);
    const update = watch.updateRootFileNames;
    watch.updateRootFileNames = (files) => update([...files, ...(this.#options.ambient ?? [])]);
    return watch;
  };

  /** Names of earlier cells are bound first; emitted text loses its map comment, and the map is kept instead. */
  #wrapEmit(program: TypeScript.BuilderProgram): TypeScript.BuilderProgram {
    nameLibraryFiles(program.getProgram());
    const emit = program.emit;
    program.emit = (file, write, cancellation, onlyDeclarations, transformers) => {
      const binding = bindEarlierNames(this.ts, program.getProgram().getTypeChecker());
      let map: string | undefined;
      return emit(
        file,
        (name, text, ...more) => {
          if (name.endsWith(".js.map")) {
            map = text;
            return;
          }
          const clean = name.endsWith(".js") ? text.replace(MAP_COMMENT, "\n") : text;
          if (name.endsWith(".js") && map !== undefined) this.#firstMaps.set(clean, map);
          write!(name, clean, ...more);
        },
        cancellation,
        onlyDeclarations,
        { ...transformers, after: [binding, ...(transformers?.after ?? [])] },
      );
    };
    return program;
  }

  /** Node's declarations, found where npm has put them rather than only inside tslab's own folder. */
  #nodeTypes(options: TypeScript.CompilerOptions): TypeScript.CompilerOptions {
    const roots = (options.typeRoots ?? []).filter((root) => existsSync(path.join(root, "node")));
    if (roots.length > 0) return {};
    const nodeTypes = path.dirname(tslabRequire.resolve("@types/node/package.json"));
    return { typeRoots: [...(options.typeRoots ?? []), path.dirname(nodeTypes)], types: ["node"] };
  }

  /** The compiler's own rendering of what is wrong: place, number, message, the line and a mark under it. */
  describeDiagnostics(source: string): { summary: string; lines: string[] } {
    const lines: string[] = [];
    const sourceLines = source.split("\n");
    let summary = "";
    let before: Diagnostic | undefined;
    for (const diagnostic of this.diagnostics) {
      const { start, end } = diagnostic;
      // The converter hands out a chain of messages as separate entries at one place.
      const continues =
        before?.start.offset === start.offset &&
        before.end.offset === end.offset &&
        before.fileName === undefined;
      before = diagnostic;
      if (continues) {
        lines.splice(lines.length - 3, 0, `  ${diagnostic.messageText}`);
        continue;
      }
      const place = diagnostic.fileName ?? this.#place;
      summary ||= `TS${diagnostic.code}: ${diagnostic.messageText}`;
      lines.push(
        `${place}:${start.line + 1}:${start.character + 1} - error TS${diagnostic.code}: ${diagnostic.messageText}`,
      );
      const text = diagnostic.fileName === undefined ? sourceLines[start.line] : undefined;
      if (text !== undefined) {
        const length = end.line === start.line ? Math.max(1, end.character - start.character) : 1;
        const number = String(start.line + 1);
        const pad = text.slice(0, start.character).replace(/[^\t]/g, " ");
        lines.push("", `${number} ${text}`, `${" ".repeat(number.length + 1)}${pad}${"~".repeat(length)}`);
      }
    }
    return { summary, lines };
  }
}
