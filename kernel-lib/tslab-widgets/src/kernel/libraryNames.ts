import type * as TypeScript from "@tslab/typescript-for-tslab";

/**
 * Import specifiers for declaration files of libraries. What a cell declares is kept as declarations, whose inferred types may
 * come from libraries that the cell does not import: `const slider = ui.slider()`. TypeScript refuses to name a file in a
 * `node_modules` folder that is not beside the notebook (TS2742), so those files get special names here.
 */
const prefix = "jupyter-library:";

const inLibrary = /[\\/]node_modules[\\/]/;

/** Gives every library file of a program a name by which declarations of cells can import it. */
export function nameLibraryFiles(program: TypeScript.Program): void {
  for (const file of program.getSourceFiles() as readonly { fileName: string; moduleName?: string }[]) {
    // Encoded, so that "/node_modules/" does not appear in it
    if (inLibrary.test(file.fileName)) file.moduleName ??= prefix + encodeURIComponent(file.fileName);
  }
}

/** The file that such a name stands for; undefined for any other import specifier. */
export function libraryFile(specifier: string): TypeScript.ResolvedModuleFull | undefined {
  if (!specifier.startsWith(prefix)) return undefined;
  const resolvedFileName = decodeURIComponent(specifier.slice(prefix.length));
  const [extension = ".d.ts"] = /(\.d)?\.[cm]?[jt]sx?$/.exec(resolvedFileName) ?? [];
  return { resolvedFileName, extension, isExternalLibraryImport: true };
}
