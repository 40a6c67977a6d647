import path from "node:path";

/** Root of the repository. */
export const root = path.resolve(__dirname, "../../..");

/** Imports an ES module by its path, as Node does. */
export const importModule = <T>(file: string): Promise<T> => import(/* @vite-ignore */ file) as Promise<T>;

/** Imports a module of the set-up. These are ES modules without a build, since they run before the compiler is installed. */
export function importBinder<T>(name: string): Promise<T> {
  return importModule<T>(path.join(root, "binder", name));
}
