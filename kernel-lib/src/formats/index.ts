/** File formats as bytes and values, without a meaning: MRC maps and stacks. */
export { type ByteSign, type MrcFile, type MrcHeader, type OpenMrcOptions, openMrc } from "./mrc";
