import { InputError } from "../../errors";
import { NumpyTable } from "../../formats/numpyTable";

/**
 * A table with `alignments3D`: its own, or made from the alignments to several classes that ab-initio reconstruction
 * (`alignments_class_0`, …) and heterogeneous refinement (`alignments3D_multi`, K poses in a row) write. Each particle gets the
 * pose of its most probable class.
 * @param warnings get a sentence about it
 * @throws InputError for fields of lengths that do not fit
 */
export function cryosparcAlignments(table: NumpyTable, warnings: string[]): NumpyTable {
  if (table.has("alignments3D/pose")) return table;
  const classes = ofMulti(table) ?? ofNumbered(table);
  if (!classes) return table;
  const { from, count, posterior, pose, shift, psize } = classes;
  const [poses, shifts] = [new Float32Array(3 * table.count), new Float32Array(2 * table.count)];
  const sizes = psize && new Float32Array(table.count);
  for (let row = 0; row < table.count; row++) {
    let best = 0;
    for (let k = 1; k < count; k++) if (posterior(row, k) > posterior(row, best)) best = k;
    for (let j = 0; j < 3; j++) poses[3 * row + j] = pose(row, best, j);
    for (let j = 0; j < 2; j++) shifts[2 * row + j] = shift(row, best, j);
    if (sizes) sizes[row] = psize(row, best);
  }
  warnings.push(
    count === 1
      ? `there is no alignments3D: poses are those of ${from}`
      : `there is no alignments3D, an alignment to one map: poses are those of the most probable of ${count} classes, ${from}`,
  );
  const rows = Int32Array.from({ length: table.count }, (_, row) => row);
  return NumpyTable.assemble(table.file, table.count, [
    { table, fields: [...table.fields.keys()], rows },
    { name: "alignments3D/pose", values: poses },
    { name: "alignments3D/shift", values: shifts },
    ...(sizes ? [{ name: "alignments3D/psize_A", values: sizes }] : []),
  ]);
}

interface ClassAlignments {
  /** Names of the results. */
  from: string;
  /** Number of classes. */
  count: number;
  posterior: (row: number, k: number) => number;
  pose: (row: number, k: number, j: number) => number;
  shift: (row: number, k: number, j: number) => number;
  psize: ((row: number, k: number) => number) | undefined;
}

function ofMulti(table: NumpyTable): ClassAlignments | undefined {
  const from = "alignments3D_multi";
  const field = table.fields.get(`${from}/pose`);
  if (!field) return undefined;
  const count = field.length / 3;
  const values = (name: string, width: number): ((row: number, k: number, j: number) => number) => {
    const own = table.fields.get(`${from}/${name}`);
    if (!own || own.length !== count * width) {
      const expected = `${count * width} numbers for ${count} classes`;
      throw new InputError(
        `${table.file}: field ${from}/${name}`,
        expected,
        own ? String(own.length) : "none",
      );
    }
    const numbers = table.numbers(own.name);
    return (row, k, j) => numbers[own.length * row + width * k + j]!;
  };
  const posterior = values("class_posterior", 1);
  const size = table.fields.get(`${from}/psize_A`);
  const sizes = size && table.numbers(size.name);
  return {
    from,
    count,
    posterior: (row, k) => posterior(row, k, 0),
    pose: values("pose", 3),
    shift: values("shift", 2),
    psize: sizes && ((row, k) => sizes[size.length * row + (size.length === count ? k : 0)]!),
  };
}

function ofNumbered(table: NumpyTable): ClassAlignments | undefined {
  const names = [...table.fields.keys()].flatMap(
    (name) => /^(alignments_class(?:3D)?_\d+)\/pose$/.exec(name)?.[1] ?? [],
  );
  if (names.length === 0) return undefined;
  const all = (name: string, width: number) =>
    names.map((result) => {
      const field = table.fields.get(`${result}/${name}`);
      if (field?.length === width) return table.numbers(field.name);
      const place = `${table.file}: field ${result}/${name}`;
      throw new InputError(
        place,
        width === 1 ? "one number" : `${width} numbers`,
        field ? String(field.length) : "none",
      );
    });
  const posterior = names.length > 1 ? all("class_posterior", 1) : undefined;
  const [pose, shift] = [all("pose", 3), all("shift", 2)];
  const psize = names.every((name) => table.has(`${name}/psize_A`)) ? all("psize_A", 1) : undefined;
  return {
    from: names.join(", "),
    count: names.length,
    posterior: (row, k) => (posterior === undefined ? 1 : posterior[k]![row]!),
    pose: (row, k, j) => pose[k]![3 * row + j]!,
    shift: (row, k, j) => shift[k]![2 * row + j]!,
    psize: psize && ((row, k) => psize[k]![row]!),
  };
}
