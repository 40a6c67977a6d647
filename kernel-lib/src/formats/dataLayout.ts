/** Where the values of an MRC file are. */
export interface MrcLayout {
  /** Byte offset of the first value. */
  dataStart: number;
  bytesPerValue: number;
  /** Bytes of one section. */
  sectionBytes: number;
  /** Length of the file in bytes according to its header. */
  fileBytes: number;
  /** Whether bytes of mode 0 are signed, if determined from the values; otherwise as the header says. */
  signed?: boolean;
}

/** Reads the bytes from `from` up to, not including, `to`. */
export type ReadBytes = (from: number, to: number) => Promise<Uint8Array>;
