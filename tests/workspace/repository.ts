import path from "node:path";

/** Root of the repository, seen from the compiled tests in tests/dist. */
export const root = path.resolve(__dirname, "../../..");

/**
 * Imports one of the set-up's own modules. They are ES modules without a build, since they run before there is a
 * compiler; these tests are CommonJS, where TypeScript would turn a plain `import()` into `require`.
 */
export function importBinder<T>(name: string): Promise<T> {
  const load = new Function("specifier", "return import(specifier)") as (specifier: string) => Promise<T>;
  return load(path.join(root, "binder", name));
}
