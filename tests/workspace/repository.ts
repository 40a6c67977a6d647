import path from "node:path";

/** Root of the repository, seen from the compiled tests in tests/dist. */
export const root = path.resolve(__dirname, "../../..");

/** Imports an ES module; in these tests, which are CommonJS, TypeScript would turn a plain `import()` into `require`. */
export const importModule = new Function("specifier", "return import(specifier)") as <T>(
  specifier: string,
) => Promise<T>;

/** Imports one of the set-up's own modules. They are ES modules without a build, since they run before there is a compiler. */
export function importBinder<T>(name: string): Promise<T> {
  return importModule<T>(path.join(root, "binder", name));
}
