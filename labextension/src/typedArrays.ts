import type { ISerializers } from "@jupyter-widgets/base";

type NumberArrayClass = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => ArrayBufferView & { readonly BYTES_PER_ELEMENT?: number };

/** Serializer for an entry of a widget's state that is an array of numbers, little-endian. */
export function numbersOf(
  kind: NumberArrayClass & { readonly BYTES_PER_ELEMENT: number },
): ISerializers[string] {
  return {
    deserialize: async (wire: unknown) => {
      if (!(wire instanceof DataView)) return wire;
      // A message's buffer may not be aligned to the size of the numbers
      const bytes = wire.buffer.slice(wire.byteOffset, wire.byteOffset + wire.byteLength) as ArrayBuffer;
      return new kind(bytes, 0, bytes.byteLength / kind.BYTES_PER_ELEMENT);
    },
    serialize: (value: unknown) =>
      ArrayBuffer.isView(value) ? new DataView(value.buffer, value.byteOffset, value.byteLength) : value,
  };
}
