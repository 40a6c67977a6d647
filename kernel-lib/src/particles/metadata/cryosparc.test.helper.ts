/** Fields of a made-up `.cs` file: name, type, and the values of each row. */
export type Field = [name: string, type: string, values: (number | bigint | string | number[])[]];

/** The bytes of a NumPy structured array, written field by field. */
export function npy(fields: Field[], options: { version?: 1 | 2 } = {}): Buffer {
  const count = fields[0]![2].length;
  const describe = ([name, type, values]: Field) => {
    const first = values[0];
    return `('${name}', '${type}'${Array.isArray(first) ? `, (${first.length},)` : ""})`;
  };
  const dictionary = `{'descr': [${fields.map(describe).join(", ")}], 'fortran_order': False, 'shape': (${count},), }`;
  const version = options.version ?? 1;
  const start = version === 1 ? 10 : 12;
  const head = Buffer.alloc(Math.ceil((start + dictionary.length + 1) / 64) * 64, " ");
  head.write("\x93NUMPY", 0, "latin1");
  head[6] = version;
  head[7] = 0;
  if (version === 1) head.writeUInt16LE(head.length - start, 8);
  else head.writeUInt32LE(head.length - start, 8);
  head.write(dictionary, start);
  head[head.length - 1] = 10;
  const rows: Buffer[] = [];
  for (let row = 0; row < count; row++) {
    for (const [, type, values] of fields) {
      const value = values[row]!;
      for (const v of Array.isArray(value) ? value : [value]) rows.push(pack(type, v));
    }
  }
  return Buffer.concat([head, ...rows]);
}

function pack(type: string, value: number | bigint | string): Buffer {
  const bytes = Buffer.alloc(Number(type.slice(2)));
  if (type[1] === "S") bytes.write(value as string);
  else if (type === "<f4") bytes.writeFloatLE(value as number);
  else if (type === ">f4") bytes.writeFloatBE(value as number);
  else if (type === "<f8") bytes.writeDoubleLE(value as number);
  else if (type === "<u4") bytes.writeUInt32LE(value as number);
  else if (type === "<u8") bytes.writeBigUInt64LE(value as bigint);
  else throw new Error(type);
  return bytes;
}
