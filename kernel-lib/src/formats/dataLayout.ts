/** Where in a file the values lie, and how its bytes are read. */

/** Where the values of a file are. */
export interface MrcLayout {
  /** Byte of the first value. */
  dataStart: number;
  bytesPerValue: number;
  /** Bytes of a section of the file. */
  sectionBytes: number;
  /** Bytes that the header promises for the whole file. */
  fileBytes: number;
  /** Whether bytes of mode 0 are signed, where it was found out; else as the header says. */
  signed?: boolean;
}

/** What {@link findValues} reads with: bytes from `from` up to, not including, `to`. */
export type ReadBytes = (from: number, to: number) => Promise<Uint8Array>;
