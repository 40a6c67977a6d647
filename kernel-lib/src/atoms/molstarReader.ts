/*
 * The readers of Mol* (npm package molstar, MIT), with types of our own, so that nothing else depends on its types. The
 * build bundles this module with the parts of Mol* that it uses: the package itself brings a web application and servers.
 */
import { CIF, type CifCategory, type CifFrame } from "molstar/lib/commonjs/mol-io/reader/cif";
import { parsePDB } from "molstar/lib/commonjs/mol-io/reader/pdb/parser";
import { pdbToMmCif } from "molstar/lib/commonjs/mol-model-formats/structure/pdb/to-cif";

/** A category of an mmCIF file: `.` and `?` stand for values that do not apply or are unknown. */
export interface CifTable {
  /** Number of rows. */
  rows: number;
  /** Values by item name, each [rows]. */
  columns: ReadonlyMap<string, readonly string[]>;
}

/** A data block of an mmCIF file, its categories by name (`atom_site`). */
export type CifTables = ReadonlyMap<string, CifTable>;

/**
 * The data blocks of an mmCIF file.
 * @param content text, or the bytes of a BinaryCIF file
 * @throws Error with the parser's message
 */
export async function readCif(content: string | Uint8Array): Promise<CifTables[]> {
  const parsed = await (typeof content === "string"
    ? CIF.parseText(content)
    : CIF.parseBinary(content)
  ).run();
  if (parsed.isError) throw new Error(parsed.toString());
  return parsed.result.blocks.map(tablesOf);
}

/** The records of a PDB file as categories of mmCIF. @throws Error with the parser's message */
export async function readPdb(text: string): Promise<CifTables> {
  const parsed = await parsePDB(text, "pdb").run();
  if (parsed.isError) throw new Error(parsed.toString());
  return tablesOf(await pdbToMmCif(parsed.result));
}

function tablesOf({ categoryNames, categories }: CifFrame): CifTables {
  return new Map(categoryNames.map((name) => [name, tableOf(categories[name]!)]));
}

/** Value kinds of Mol*: present, `.`, `?`. */
const missing = [undefined, ".", "?"];

function tableOf(category: CifCategory): CifTable {
  const { rowCount } = category;
  const columns = category.fieldNames.map((name): [string, string[]] => {
    const field = category.getField(name)!;
    const value = (row: number) => missing[field.valueKind(row)] ?? (field.str(row) || ".");
    return [name, Array.from({ length: rowCount }, (_, row) => value(row))];
  });
  return { rows: rowCount, columns: new Map(columns) };
}
