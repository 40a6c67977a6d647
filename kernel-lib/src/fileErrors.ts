import { getSystemErrorMap } from "node:util";
import { InputError } from "./errors";
import { finalName } from "./partialName";

/** Messages for file system error codes. */
const words: Record<string, string> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of this path is not a folder",
  EISDIR: "this is a folder",
  EEXIST: "it already exists",
  ENOTEMPTY: "this folder is not empty",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is exceeded",
  EFBIG: "the file would exceed the size limit",
  EIO: "input/output error of the disk",
  EMFILE: "too many open files",
  ERR_FS_FILE_TOO_LARGE: "the file is too large to be read at once",
};

/** The message for a file system error; undefined for any other error. */
export function describeFileError(error: unknown): string | undefined {
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return undefined;
  if (words[code] !== undefined) return words[code];
  return syscall !== undefined && errno !== undefined ? getSystemErrorMap().get(errno)?.[1] : undefined;
}

/**
 * Converts a file system error into an InputError that names `file`: errors of a full disk carry no path, and others carry
 * the temporary name. Any other error is returned unchanged.
 */
export function withFileName(file: string, error: unknown): unknown {
  const trouble = error instanceof InputError ? undefined : describeFileError(error);
  return trouble === undefined ? error : InputError.of(`${finalName(file)}: ${trouble}`);
}
