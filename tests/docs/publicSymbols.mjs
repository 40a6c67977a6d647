// What is reachable from the public index of the library: every export, through namespaces, with its documentation.
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(path.join(root, "package.json"));
const ts = require("typescript");

/**
 * @typedef {object} PublicSymbol
 * @property {string} name as a notebook writes it: `e2.maps.read`, `e2.ParticleSet.count`
 * @property {"function" | "class" | "type" | "constant" | "member" | "namespace"} kind
 * @property {string} file source of the declaration, relative to the repository
 * @property {string} documentation text of the docstring, empty if there is none
 * @property {string[]} examples texts of its `@example` tags
 */

const { SymbolFlags } = ts;

function kindOf(symbol) {
  if (symbol.flags & SymbolFlags.Module) return "namespace";
  if (symbol.flags & SymbolFlags.Class) return "class";
  if (symbol.flags & SymbolFlags.Function) return "function";
  if (symbol.flags & SymbolFlags.Variable) return "constant";
  return "type";
}

/** Declarations of the library and of the kernel's own package, which is a part of it. */
const isOurs = (symbol) =>
  symbol.declarations?.some((each) => {
    const name = each.getSourceFile().fileName;
    return name.startsWith(`${root}/kernel-lib/`) && !name.includes("/node_modules/");
  }) ?? false;

/** A member that is part of the interface: neither private nor protected, nor inherited from a package of others. */
function isPublicMember(symbol) {
  const declaration = symbol.declarations?.[0];
  if (!declaration || !isOurs(symbol)) return false;
  if (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected))
    return false;
  return !symbol.name.startsWith("__") && !ts.isPrivateIdentifier(declaration.name ?? declaration);
}

function describe(name, kind, symbol, checker) {
  const declaration = symbol.declarations?.[0];
  const compiled = declaration?.getSourceFile().fileName ?? "";
  const source = compiled.replace(/\/dist\//, "/src/").replace(/\.d\.ts$/, ".ts");
  const tags = symbol.getJsDocTags(checker);
  return {
    name,
    kind,
    file: path.relative(root, source),
    documentation: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
    examples: tags.filter((tag) => tag.name === "example").map((tag) => ts.displayPartsToString(tag.text)),
  };
}

/** Members of classes, interfaces and object types, each once, under the type that declares it. */
function membersOf(name, symbol, checker, seen) {
  const instance = checker.getDeclaredTypeOfSymbol(symbol);
  const members = [];
  if (symbol.flags & SymbolFlags.Class) {
    members.push(
      ...checker
        .getTypeOfSymbol(symbol)
        .getProperties()
        .filter((each) => each.name !== "prototype"),
    );
  }
  if (symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias)) {
    if (instance.flags & ts.TypeFlags.Object) members.push(...instance.getProperties());
  }
  return members.flatMap((member) => {
    const key = member.declarations?.[0];
    if (!isPublicMember(member) || seen.has(key)) return [];
    seen.add(key);
    return [describe(`${name}.${member.name}`, "member", member, checker)];
  });
}

/** @returns {PublicSymbol[]} */
export function publicSymbols(index = path.join(root, "kernel-lib/dist/index.d.ts")) {
  const options = { moduleResolution: ts.ModuleResolutionKind.Node10, skipLibCheck: true, types: ["node"] };
  const program = ts.createProgram([index], { ...options, target: ts.ScriptTarget.ES2022 });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(index);
  if (!file) throw new Error(`${index} is missing: build the library first`);
  const seen = new Set();
  const found = [];
  const walk = (module, prefix) => {
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = `${prefix}.${exported.name}`;
      const kind = kindOf(symbol);
      if (seen.has(symbol) && kind !== "namespace") continue;
      seen.add(symbol);
      if (kind === "namespace") walk(symbol, name);
      else found.push(describe(name, kind, symbol, checker), ...membersOf(name, symbol, checker, seen));
    }
  };
  walk(checker.getSymbolAtLocation(file), "e2");
  return found;
}
