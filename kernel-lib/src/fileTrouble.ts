import { getSystemErrorMap } from "node:util";
import { InputError } from "./errors";
import { finalName } from "./passingName";

/** What the file system reports in codes, in words. */
const words: Record<string, string> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of this path is no folder",
  EISDIR: "this is a folder",
  EEXIST: "this exists already",
  ENOTEMPTY: "this folder is not empty",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system cannot be written to",
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than is allowed",
  EIO: "the disk cannot be read or written",
  EMFILE: "too many open files",
  ERR_FS_FILE_TOO_LARGE: "the file is too large to be read as a whole",
};

/** What went wrong with a file, in words; undefined where the error is of another kind. */
export function fileTrouble(error: unknown): string | undefined {
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return undefined;
  if (words[code] !== undefined) return words[code];
  return syscall !== undefined && errno !== undefined ? getSystemErrorMap().get(errno)?.[1] : undefined;
}

/**
 * An error of the file system as one that names the file: writing fails without a path where the disk is full, and with a
 * passing name where the user knows another. Any other error stays as it is.
 */
export function namingFile(file: string, error: unknown): unknown {
  const trouble = error instanceof InputError ? undefined : fileTrouble(error);
  return trouble === undefined ? error : InputError.of(`${finalName(file)}: ${trouble}`);
}
