import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import path from "node:path";
import type * as TypeScript from "@tslab/typescript-for-tslab";
import type { Converter, Diagnostic } from "tslab/dist/converter";
import { loadConverter, loadTypeScript, nodeTypeOptions, type Ts } from "./converter";
import { type DescribedDiagnostics, describeDiagnostics } from "./diagnostics";
import { bindEarlierNames } from "./earlierNames";
import { addGuards, type GuardedCode } from "./guards";
import { nameLibraryFiles } from "./libraryNames";
import { type HostPackage, ModuleTypes } from "./moduleTypes";
import { quickInfoWithOptions } from "./optionTypes";

/**
 * tslab's converter with additions: source maps, interrupt checks, a real `import()`, names of earlier cells in
 * shorthand properties, and module resolution that finds the host packages from any folder. The converter takes no
 * options for these, so it is loaded with a TypeScript module of which some functions are wrapped.
 */

/** Where in a cell (or a module beside the notebook) something happened; lines and columns count from 1. */
export interface CellPosition {
  /** `cell 3`, or the path of a module. */
  place: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
  /** Text of the line. */
  text: string | undefined;
}

/** A cell, or a module beside the notebook, as it was compiled. */
interface CompiledUnit {
  place: string;
  /** Lines of compiled code; later lines belong to tslab's executor. */
  lines: number;
  source: string;
  /** Column before the guards were inserted. */
  column(line: number, column: number): number;
  maps: () => SourceMap[];
}

/** Lines that the converter puts before the source of a cell. */
const prefixLines = 1;
/** What tslab's executor puts before the compiled code, on its first line. */
const executorPrefix = {
  sync: "(function(exports, require) { ",
  async: "(async function(exports, require) { ",
};
const mapComment = /\n?\/\/# sourceMappingURL=\S+\s*$/;
const unitScheme = "jupyter-cell:";

/** Options of {@link Compiler}. */
export interface CompilerOptions {
  /** Packages that cells can import in any folder. */
  hosts?: readonly HostPackage[];
  /** Declaration files that every cell sees. */
  ambient?: readonly string[];
}

/** Compiles cells, and maps positions in compiled code back to them. */
export class Compiler {
  /** The TypeScript that cells are checked with. */
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
  /** Errors of the cell that was converted last. */
  diagnostics: readonly Diagnostic[] = [];

  constructor(options: CompilerOptions = {}) {
    this.#options = options;
    const { createConverter } = loadConverter({
      createWatchCompilerHost: this.#createHost as unknown as Ts["createWatchCompilerHost"],
      createWatchProgram: this.#createProgram as unknown as Ts["createWatchProgram"],
      transpileModule: (input, transpileOptions) => this.#transpile(input, transpileOptions),
      getQuickInfoAtPosition: quickInfoWithOptions(this.ts),
    } as Partial<Ts>);
    this.#converter = createConverter({ isJS: false, isBrowser: false });
  }

  /** What tslab's executor uses in place of the converter. */
  get converter(): Converter {
    const inner = this.#converter;
    return { ...inner, convert: (declarations, source) => this.#convert(declarations, source) };
  }

  /** Names the cell whose conversion comes next. */
  beginCell(place: string): void {
    this.#place = place;
    this.diagnostics = [];
  }

  /** Stops watching files. */
  close(): void {
    this.#converter.close();
  }

  #convert(declarations: string, source: string): ReturnType<Converter["convert"]> {
    const result = this.#converter.convert(declarations, source);
    this.diagnostics = result.diagnostics;
    if (result.output !== undefined) {
      const guarded = addGuards(this.ts, result.output);
      result.hasToplevelAwait = result.hasToplevelAwait === true || guarded.awaitsAtTop;
      const { length } = result.hasToplevelAwait ? executorPrefix.async : executorPrefix.sync;
      result.output = this.#name(result.output, guarded, {
        place: this.#place,
        source,
        firstLineShift: length,
      });
    }
    for (const side of result.sideOutputs ?? []) {
      const file = side.path.replace(/\.js$/, ".ts");
      side.data = this.#name(side.data, addGuards(this.ts, side.data), {
        place: path.basename(file),
        source: existsSync(file) ? readFileSync(file, "utf8") : "",
        firstLineShift: 0,
      });
    }
    this.#firstMaps.clear();
    this.#finalMaps.clear();
    return result;
  }

  /** Gives guarded code a name by which its stack frames are recognised. */
  #name(
    code: string,
    guarded: GuardedCode,
    { place, source, firstLineShift }: { place: string; source: string; firstLineShift: number },
  ): string {
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
    return `${guarded.code}\n//# sourceURL=${unitScheme}${id}`;
  }

  /** Where a position of compiled code (counted from 1) comes from, or undefined if it belongs to no cell. */
  originalPosition(url: string, line: number, column: number): CellPosition | undefined {
    if (!url.startsWith(unitScheme)) return undefined;
    const unit = this.#units.get(url.slice(unitScheme.length));
    if (!unit || line > unit.lines) return undefined;
    let at = { line: line - 1, column: unit.column(line - 1, column - 1) };
    for (const map of unit.maps()) {
      const entry = map.findEntry(at.line, at.column) as { originalLine?: number; originalColumn?: number };
      if (entry.originalLine === undefined || entry.originalColumn === undefined) return undefined;
      at = { line: entry.originalLine, column: entry.originalColumn };
    }
    // Only cells and virtual modules carry the prefix.
    const sourceLine = unit.place.endsWith(".ts") ? at.line : at.line - prefixLines;
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
    output.outputText = output.outputText.replace(mapComment, "\n");
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
      { ...options, ...nodeTypeOptions(options), sourceMap: true },
      system,
      ...rest,
    );
    const types = new ModuleTypes(ts, system, this.#options.hosts ?? []);
    host.resolveModuleNameLiterals = types.resolve;
    host.hasInvalidatedResolutions = types.mayChange;
    // The converter assigns this to receive each new program.
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
          const clean = name.endsWith(".js") ? text.replace(mapComment, "\n") : text;
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

  /** What is wrong with the cell that was converted last. @param source its text */
  describeDiagnostics(source: string): DescribedDiagnostics {
    return describeDiagnostics(this.diagnostics, source, this.#place);
  }
}
