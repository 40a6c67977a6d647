/**
 * Values with typed arrays as bytes, and back: what `JSON.stringify` keeps, and numbers in binary. Little-endian, as all machines
 * that run this are.
 */

const kinds = {
  Int16: Int16Array,
  Int32: Int32Array,
  Uint8: Uint8Array,
  Uint16: Uint16Array,
  Uint32: Uint32Array,
  Float32: Float32Array,
  Float64: Float64Array,
} as const;
type Kind = keyof typeof kinds;
type NumberArray = InstanceType<(typeof kinds)[Kind]>;

/** Stands for an array in the text: its kind, the byte at which it begins after the text, and its length. */
type Place = [kind: Kind, at: number, length: number];
const placeKey = "$numbers";

const aligned = (bytes: number) => 8 * Math.ceil(bytes / 8);

function kindOf(value: ArrayBufferView): Kind {
  const found = (Object.keys(kinds) as Kind[]).find((kind) => value instanceof kinds[kind]);
  if (!found)
    throw new TypeError(`packed values: expected an array of numbers, found ${value.constructor.name}`);
  return found;
}

/** A value as bytes. @throws TypeError for a kind of array that is not known */
export function packValues(value: unknown): Uint8Array {
  const parts: { at: number; bytes: Uint8Array }[] = [];
  let end = 0;
  const text = JSON.stringify(value, (_key, each: unknown) => {
    if (!ArrayBuffer.isView(each)) return each;
    const { buffer, byteOffset, byteLength } = each;
    const place: Place = [kindOf(each), end, (each as NumberArray).length];
    parts.push({ at: end, bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) });
    end = aligned(end + byteLength);
    return { [placeKey]: place };
  });
  const head = new TextEncoder().encode(text);
  const first = aligned(4 + head.length);
  const out = new Uint8Array(first + end);
  new DataView(out.buffer).setUint32(0, head.length, true);
  out.set(head, 4);
  for (const { at, bytes } of parts) out.set(bytes, first + at);
  return out;
}

/** The value that {@link packValues} was given. Arrays are copies. @throws RangeError for bytes that end too early */
export function unpackValues(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const first = aligned(4 + length);
  const text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  return JSON.parse(text, (_key, each: unknown) => {
    const place = (each as Record<string, Place> | null)?.[placeKey];
    if (!Array.isArray(place)) return each;
    const [kind, at, count] = place;
    const from = first + at;
    const size = count * kinds[kind].BYTES_PER_ELEMENT;
    if (from + size > bytes.length) {
      throw new RangeError(`packed values: expected ${from + size} bytes, found ${bytes.length}`);
    }
    // `bytes.slice` of a Buffer would be no copy
    const begin = bytes.byteOffset + from;
    return new kinds[kind](bytes.buffer.slice(begin, begin + size) as ArrayBuffer);
  });
}
