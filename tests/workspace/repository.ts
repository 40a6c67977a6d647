import path from "node:path";

/** Root of the repository, seen from the compiled tests in tests/dist. */
export const root = path.resolve(__dirname, "../../..");

/** Imports an ES module by its path, as Node does. */
export const importModule = <T>(file: string): Promise<T> => import(/* @vite-ignore */ file) as Promise<T>;

/** Imports one of the set-up's own modules. They are ES modules without a build, since they run before there is a compiler. */
export function importBinder<T>(name: string): Promise<T> {
  return importModule<T>(path.join(root, "binder", name));
}
