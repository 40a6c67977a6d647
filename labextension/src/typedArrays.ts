import type { ISerializers } from "@jupyter-widgets/base";

type NumberArrayClass = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => ArrayBufferView & { readonly BYTES_PER_ELEMENT?: number };

/** Reads the entry of a widget's state as numbers of one type, little-endian, and sends it back as their bytes. */
export function numbersOf(
  kind: NumberArrayClass & { readonly BYTES_PER_ELEMENT: number },
): ISerializers[string] {
  return {
    deserialize: async (wire: unknown) => {
      if (!(wire instanceof DataView)) return wire;
      // A buffer of a message need not begin where such numbers may lie
      const bytes = wire.buffer.slice(wire.byteOffset, wire.byteOffset + wire.byteLength) as ArrayBuffer;
      return new kind(bytes, 0, bytes.byteLength / kind.BYTES_PER_ELEMENT);
    },
    serialize: (value: unknown) =>
      ArrayBuffer.isView(value) ? new DataView(value.buffer, value.byteOffset, value.byteLength) : value,
  };
}
