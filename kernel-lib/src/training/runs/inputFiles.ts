import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { InputError, throwIfStopped } from "../../errors";
import { inParallel } from "../../parallel";
import type { ParticleSet } from "../../particles/particleSet";
import type { TaskOptions } from "../../progress";

/** What a file was like when a run began. */
export interface FileState {
  file: string;
  bytes: number;
  /** When it was last changed, ISO 8601. Says nothing of the content: a file that was copied or touched is the same. */
  modified: string;
  /** SHA-256 of the content; of an image stack larger than {@link WHOLE}, of both of its ends. */
  sha256: string;
}

/** The files that a run was made from, as they were when it began. */
export interface InputFiles {
  particles: FileState;
  model: FileState;
  mask?: FileState;
  /** Image stacks, under the names that the particle file has for them. */
  stacks: FileState[];
}

/** Image stacks up to this size are hashed as a whole, of larger ones so much at each end: there may be 10,000 of them. */
const WHOLE = 1 << 18;
const END = 1 << 16;
const PART = 1 << 22;
/** Stacks that are looked at together. */
const AT_ONCE = 8;

/** Size, date and hash of a file; `ends` for one that may be large. */
export async function fileState(file: string, content: "whole" | "ends" = "whole"): Promise<FileState> {
  const handle = await open(file, "r");
  try {
    const { size, mtime } = await handle.stat();
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, PART)));
    const take = async (from: number, to: number) => {
      for (let at = from; at < to; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, to - at), at);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    };
    if (content === "whole" || size <= WHOLE) {
      await take(0, size);
    } else {
      await take(0, END);
      await take(size - END, size);
    }
    return { file, bytes: size, modified: mtime.toISOString(), sha256: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}

/** The image stacks of a particle set, under the names that its file has for them. */
export async function stackStates(set: ParticleSet, task: TaskOptions = {}): Promise<FileState[]> {
  const states: FileState[] = [];
  let done = 0;
  const names = set.stackNames();
  await inParallel(names, AT_ONCE, async (name, i) => {
    throwIfStopped(task.signal);
    states[i] = { ...(await fileState(await set.findStack(name), "ends")), file: name };
    task.onProgress?.({ task: "looking at image stacks", done: ++done, total: names.length });
  });
  return states;
}

/**
 * Compares the particles with those that a run was begun with. The content decides; the date does not.
 * @param file  the particle file, as it is to be named
 * @throws InputError where the particle file or an image stack is another one
 * @returns sentences about stacks whose date is another, although their size and both ends are the same
 */
export function checkSameParticles(
  file: string,
  begun: InputFiles,
  now: Pick<InputFiles, "particles" | "stacks">,
): string[] {
  if (now.particles.sha256 !== begun.particles.sha256) throw differs(file, begun.particles, now.particles);
  const before = new Map(begun.stacks.map((stack) => [stack.file, stack]));
  const notices: string[] = [];
  for (const stack of now.stacks) {
    const known = before.get(stack.file);
    if (!known) throw new InputError(file, "the image stacks that the run was begun with", stack.file);
    if (known.bytes !== stack.bytes || known.sha256 !== stack.sha256) throw differs(stack.file, known, stack);
    if (known.modified !== stack.modified && stack.bytes > WHOLE) {
      notices.push(
        `${stack.file} was written again on ${stack.modified}, after the run began; its size and both ends are the same`,
      );
    }
  }
  return notices;
}

/**
 * The same for the particle file alone, as far as it is there and the run says what it was: all that a finished run is still used
 * with.
 * @throws InputError where it is another one
 */
export async function checkSameParticleFile(file: string, begun: InputFiles | undefined): Promise<void> {
  const now = begun && (await fileState(file).catch(() => undefined));
  if (now && now.sha256 !== begun.particles.sha256) throw differs(file, begun.particles, now);
}

function differs(file: string, begun: FileState, now: FileState): InputError {
  const describe = ({ bytes, modified }: FileState) => `${bytes} bytes, last changed ${modified}`;
  return new InputError(
    file,
    `what the run was begun with (${describe(begun)})`,
    `other content (${describe(now)}); a run goes on with its own particles only`,
  );
}
