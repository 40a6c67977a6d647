import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { InputError, throwIfStopped } from "../../errors";
import { readStar } from "../../formats/star";
import { inParallel } from "../../parallel";
import { filesOfSet } from "../../particles/metadata/relionTables";
import type { ParticleSet } from "../../particles/particleSet";
import type { TaskOptions } from "../../progress";

/** State of a file when a run was started. */
export interface FileState {
  /** Absolute path or, for image stacks, the name in the particle file. */
  file: string;
  /** Size. */
  bytes: number;
  /** Time of the last modification, ISO 8601. Not compared: copying or touching a file changes it. */
  modified: string;
  /** SHA-256 of the content; of image stacks of more than 256 KiB, of 64 KiB at each end. */
  sha256: string;
}

/** The input files of a run, as they were when it was started. */
export interface InputFiles {
  /** Particle file. */
  particles: FileState;
  /** Neutral model. */
  model: FileState;
  /** Mask, if there is one. */
  mask?: FileState;
  /** Masks of rigid bodies, if there are any. */
  rigid?: FileState[];
  /** Image stacks, by their names in the particle file. */
  stacks: FileState[];
  /** Files of the tomograms of tilt series, and of their tilts; missing for other particles, and in runs of earlier versions. */
  tomograms?: FileState[];
}

/** Image stacks up to this size are hashed as a whole, larger ones at both ends: there may be 10,000 of them. */
const wholeBytes = 1 << 18;
const endBytes = 1 << 16;
/** Most bytes read at a time. */
const bufferBytes = 1 << 22;
/** Stacks that are hashed in parallel. */
const parallelStacks = 8;

/** Size, date and hash of a file; with `ends`, large files are hashed at both ends only. */
export async function fileState(file: string, content: "whole" | "ends" = "whole"): Promise<FileState> {
  const handle = await open(file, "r");
  try {
    const { size, mtime } = await handle.stat();
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, bufferBytes)));
    const take = async (from: number, to: number) => {
      for (let at = from; at < to; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, to - at), at);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    };
    if (content === "whole" || size <= wholeBytes) {
      await take(0, size);
    } else {
      await take(0, endBytes);
      await take(size - endBytes, size);
    }
    return { file, bytes: size, modified: mtime.toISOString(), sha256: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}

/** State of the image stacks of a particle set, by their names in its file. */
export async function stackStates(set: ParticleSet, options: TaskOptions = {}): Promise<FileState[]> {
  const states: FileState[] = [];
  let done = 0;
  const names = set.stackNames();
  await inParallel(names, parallelStacks, async (name, i) => {
    throwIfStopped(options.signal);
    states[i] = { ...(await fileState(await set.findStack(name), "ends")), file: name };
    options.onProgress?.({ task: "checking image stacks", done: ++done, total: names.length });
  });
  return states;
}

/** State of the tomograms of a particle set; nothing for single images. */
export async function tomogramStates({ tomogramFiles }: ParticleSet): Promise<Pick<InputFiles, "tomograms">> {
  if (tomogramFiles.length === 0) return {};
  const tomograms: FileState[] = [];
  await inParallel(tomogramFiles, parallelStacks, async (file, i) => {
    tomograms[i] = await fileState(file);
  });
  return { tomograms };
}

/**
 * Compares the content of the particle file, the tomograms and the image stacks with that when the run was started.
 * @param file  name of the particle file in messages
 * @throws InputError if the particle file, a tomogram or an image stack has changed
 * @returns warnings about stacks whose date has changed, but neither size nor ends
 */
export function checkSameParticles(
  file: string,
  started: InputFiles,
  now: Pick<InputFiles, "particles" | "stacks" | "tomograms">,
): string[] {
  if (now.particles.sha256 !== started.particles.sha256)
    throw changed(file, started.particles, now.particles);
  for (const [i, tomogram] of (started.tomograms ? (now.tomograms ?? []) : []).entries()) {
    // A project that was moved has them elsewhere, in the same order.
    const known = started.tomograms![i];
    if (!known) throw new InputError(file, "the tomograms that the run was started with", tomogram.file);
    if (known.sha256 !== tomogram.sha256) throw changed(tomogram.file, known, tomogram);
  }
  const before = new Map(started.stacks.map((stack) => [stack.file, stack]));
  const warnings: string[] = [];
  for (const stack of now.stacks) {
    const known = before.get(stack.file);
    if (!known) throw new InputError(file, "the image stacks that the run was started with", stack.file);
    if (known.bytes !== stack.bytes || known.sha256 !== stack.sha256) throw changed(stack.file, known, stack);
    if (known.modified !== stack.modified && stack.bytes > wholeBytes) {
      warnings.push(
        `${stack.file} was modified on ${stack.modified}, after the run was started; its size and both ends are the same`,
      );
    }
  }
  return warnings;
}

/**
 * Compares the particle file alone, if it exists and its state was recorded: a finished run needs no more.
 * @throws InputError if it has changed
 */
export async function checkSameParticleFile(file: string, started: InputFiles | undefined): Promise<void> {
  const stateOf = (name: string) => fileState(name).catch(() => undefined);
  const isOther = (state: FileState | undefined) =>
    state !== undefined && state.sha256 !== started?.particles.sha256;
  const now = started && (await stateOf(file));
  if (!isOther(now)) return;
  // The state of an optimisation set is that of the particles that it names.
  const named = await readStar(file)
    .then(filesOfSet)
    .catch(() => undefined);
  const found = named ? await stateOf(named.particles) : now;
  if (isOther(found)) throw changed(named?.particles ?? file, started!.particles, found!);
}

function changed(file: string, started: FileState, now: FileState): InputError {
  const describe = ({ bytes, modified }: FileState) => `${bytes} bytes, last modified ${modified}`;
  return new InputError(
    file,
    `the content that the run was started with (${describe(started)})`,
    `other content (${describe(now)}); a run can be continued with its own particles only`,
  );
}
