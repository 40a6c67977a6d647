import { InputError } from "../errors";
import type { MrcLayout, ReadBytes } from "./dataLayout";
import { bytesAreSigned, bytesPerValue, headerBytes, type MrcHeader, saysSignOfBytes } from "./mrcHeader";
import { locateSurplus, type SurplusPlace } from "./mrcSurplus";
import { bytesLookUnsigned } from "./mrcValues";
import { checkValueType } from "./valueWarnings";

export type { MrcLayout, ReadBytes } from "./dataLayout";

// Also used in browsers by the file viewers: no Node modules.

/** The layout according to the header. @throws InputError for an unsupported mode */
export function declaredLayout(header: MrcHeader, file: string): MrcLayout {
  const width = bytesPerValue(header.mode, file);
  const dataStart = headerBytes + header.extendedBytes;
  const sectionBytes = header.nc * header.nr * width;
  return { dataStart, bytesPerValue: width, sectionBytes, fileBytes: dataStart + sectionBytes * header.ns };
}

/**
 * The layout according to the header.
 * @param size length of the file in bytes
 * @throws InputError for an unsupported mode, and for a file shorter than its header says
 */
export function layoutOf(header: MrcHeader, size: number, file: string): MrcLayout {
  const layout = declaredLayout(header, file);
  const { dataStart, sectionBytes, fileBytes } = layout;
  if (size >= fileBytes) return layout;
  const whole = Math.max(0, Math.floor((size - dataStart) / sectionBytes));
  const undeclared = header.extendedBytes > 0 && size === fileBytes - header.extendedBytes;
  throw new InputError(
    file,
    `${fileBytes} bytes for ${header.ns} sections of ${header.nc}×${header.nr} in mode ${header.mode}`,
    undeclared
      ? `${size} bytes, as many as without the extended header of ${header.extendedBytes} bytes in word 24`
      : `${size} bytes, which hold ${whole} whole sections`,
  );
}

/** Whether bytes of mode 0 are read as signed or unsigned. */
export type ByteSign = "signed" | "unsigned";

/** Result of {@link findValues}. */
export interface FoundValues {
  layout: MrcLayout;
  /** Assumptions that were made. */
  warnings: string[];
}

/** An MRC file whose values are to be found. */
export interface ValueSource {
  /** Its name, for messages. */
  file: string;
  header: MrcHeader;
  /** Length of the file in bytes. */
  size: number;
  read: ReadBytes;
  /** How bytes of mode 0 are read. Default: as the header says, or as the values suggest. */
  bytes?: ByteSign | undefined;
}

/**
 * Finds the values of a file, and determines from the values what its header leaves open.
 * @throws InputError as {@link layoutOf}, and for a surplus of bytes that may be before or after the values
 */
export async function findValues(given: ValueSource): Promise<FoundValues> {
  const { file, header, size, read, bytes } = given;
  const layout = layoutOf(header, size, file);
  const warnings: string[] = [];
  const surplus = size - layout.fileBytes;
  if (surplus > 0) {
    const place = await locateSurplus(header, layout, size, read);
    warnings.push(describeSurplus(place, surplus, layout, file));
    if (place === "before") layout.dataStart += surplus;
  }
  warnings.push(...(await checkValueType(file, header, layout, read)));
  const declared = bytes !== undefined ? bytes === "signed" : bytesAreSigned(header);
  if (header.mode !== 0 || bytes !== undefined || saysSignOfBytes(header)) {
    return { layout: { ...layout, signed: declared }, warnings };
  }
  const signed = !bytesLookUnsigned(await sampleOf(header, layout, read), header);
  if (!signed) {
    warnings.push(
      `${file}: bytes (mode 0) that only make sense as unsigned are read as 0 to 255, although the format defines them as ` +
        '−128 to 127 (use --bytes signed, in a notebook `bytes: "signed"`, for signed ones)',
    );
  }
  return { layout: { ...layout, signed }, warnings };
}

/** @throws InputError if the place is unclear */
function describeSurplus(place: SurplusPlace, surplus: number, layout: MrcLayout, file: string): string {
  const longer = `${file} is ${surplus} ${surplus === 1 ? "byte" : "bytes"} longer than its header says`;
  if (place === "before") {
    return `${longer}: the bytes before the values, an extended header that word 24 does not declare, are ignored`;
  }
  if (place === "after") {
    const sections = surplus / layout.sectionBytes;
    const many = sections === 1 ? "one more section has" : `${sections} more sections have`;
    const images = Number.isInteger(sections) ? ` (as many as ${many})` : "";
    return `${longer}: those after the last value${images} are ignored`;
  }
  const advice = "correct word 24, the length of the extended header, or truncate the file";
  throw new InputError(
    file,
    `${layout.fileBytes} bytes (${advice})`,
    `${surplus} more, before or after the values`,
  );
}

/** Bytes sampled for their sign, in four places. */
const signSampleBytes = 1 << 20;

async function sampleOf(header: MrcHeader, layout: MrcLayout, read: ReadBytes): Promise<Uint8Array> {
  const all = layout.sectionBytes * header.ns;
  const part = Math.ceil(Math.min(all, signSampleBytes) / 4);
  const sample = new Uint8Array(4 * part);
  for (let i = 0; i < 4; i++) {
    const from = layout.dataStart + Math.floor((i * (all - part)) / 3);
    sample.set(await read(from, from + part), i * part);
  }
  return sample;
}
