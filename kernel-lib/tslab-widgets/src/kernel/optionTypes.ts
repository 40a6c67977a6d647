import type * as TypeScript from "@tslab/typescript-for-tslab";
import type { Ts } from "./converter";

/** The fields of the option objects that a function takes, for the inspection of its name. */

/** One field of an options type. */
export interface OptionField {
  /** Name, followed by `?` if it may be left out. */
  name: string;
  /** Type as TypeScript prints it. */
  type: string;
  /** Its docstring on one line; by convention it ends with the default. */
  documentation: string;
}

/** An options type and its fields in the order of their declaration. */
export interface OptionsType {
  /** The parameter or field that has this type. */
  name: string;
  /** Its fields. */
  fields: OptionField[];
}

/** Where a name is inspected. */
export interface InspectedName {
  /** Source file of the cell. */
  file: TypeScript.SourceFile;
  /** Type checker of the program that contains it. */
  checker: TypeScript.TypeChecker;
  /** Offset in the file. */
  position: number;
}

/** More fields than this would fill the screen. */
const maxFields = 60;
const maxTypeLength = 80;

/** Information about a name, with the options types of the function or class that it names. */
export type QuickInfoWithOptions = TypeScript.QuickInfo & { optionsTypes?: OptionsType[] };

type QuickInfoAt<Info> = (
  file: TypeScript.SourceFile,
  checker: TypeScript.TypeChecker,
  cancellation: TypeScript.CancellationToken,
  position: number,
) => Info | undefined;

/** Functions of TypeScript that its declarations leave out. */
interface Internals {
  getTouchingPropertyName(file: TypeScript.SourceFile, position: number): TypeScript.Node;
  getQuickInfoAtPosition: QuickInfoAt<TypeScript.QuickInfo>;
}

/** TypeScript's information about the name at a position, with the fields of the options that it takes. */
export function quickInfoWithOptions(ts: Ts): QuickInfoAt<QuickInfoWithOptions> {
  return (file, checker, cancellation, position) => {
    const info = (ts as unknown as Internals).getQuickInfoAtPosition(file, checker, cancellation, position);
    return info && { ...info, optionsTypes: optionsTypesAt(ts, { file, checker, position }) };
  };
}

/**
 * The options types of the function or class at a position: the last parameter, if it is an object with at least one optional
 * field, and those of its fields that are objects with nothing but optional fields.
 */
export function optionsTypesAt(ts: Ts, { file, checker, position }: InspectedName): OptionsType[] {
  const node = (ts as unknown as Internals).getTouchingPropertyName(file, position);
  if (!ts.isIdentifier(node)) return [];
  const type = checker.getTypeAtLocation(node);
  const signatures = [...type.getCallSignatures(), ...type.getConstructSignatures()];
  const found = new Map<string, OptionsType>();
  const add = (symbol: TypeScript.Symbol, least: "one" | "all") => {
    const of = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(symbol, node));
    if (found.has(symbol.name) || !isOptionsType(ts, of, least)) return;
    const properties = of.getProperties().slice(0, maxFields);
    found.set(symbol.name, {
      name: symbol.name,
      fields: properties.map((property) => describeField(ts, checker, { property, node })),
    });
    if (least === "one") for (const property of properties) add(property, "all");
  };
  for (const { parameters } of signatures) {
    const last = parameters.at(-1);
    if (last) add(last, "one");
  }
  return [...found.values()];
}

/** Whether a type is an object with optional fields, neither callable nor of a standard library. */
function isOptionsType(ts: Ts, type: TypeScript.Type, least: "one" | "all"): boolean {
  if (!(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) return false;
  const properties = type.getProperties();
  const isOptional = (property: TypeScript.Symbol) => (property.flags & ts.SymbolFlags.Optional) !== 0;
  const isStandard = (property: TypeScript.Symbol) =>
    property.declarations?.some((each) =>
      /\/(lib\.[\w.]+|@types\/node\/.*)\.d\.ts$/.test(each.getSourceFile().fileName),
    );
  const enough = least === "one" ? properties.some(isOptional) : properties.every(isOptional);
  return properties.length > 0 && enough && !properties.some(isStandard);
}

function describeField(
  ts: Ts,
  checker: TypeScript.TypeChecker,
  { property, node }: { property: TypeScript.Symbol; node: TypeScript.Node },
): OptionField {
  const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
  const type = checker.getTypeOfSymbolAtLocation(property, node);
  const printed = checker.typeToString(optional ? checker.getNonNullableType(type) : type);
  const documentation = ts.displayPartsToString(property.getDocumentationComment(checker));
  return {
    name: property.name + (optional ? "?" : ""),
    type: printed.length > maxTypeLength ? `${printed.slice(0, maxTypeLength - 1)}…` : printed,
    documentation: documentation.replaceAll(/\s+/g, " ").trim(),
  };
}
