import { createHash, type Hash } from "node:crypto";
import { shorten } from "../shortText";
import { ImagePass, type PassTask, type SumShare } from "./imagePass";
import type { ImageChunk, ImageGroup, ImageSource } from "./imageSource";
import { KeptSums, type Part, partsOf } from "./keptSums";

/** Where the sums of a pass are kept, for a call that goes on. */
export interface KeepTask {
  folder: string;
  /** Letters, digits and underscores. */
  name: string;
  /** Differs for other particles, sums or options; see {@link sourceHash}. */
  key: string;
  /** Add only this part of the images, and keep its sums. Default: all, those of parts that are kept included */
  part?: Part | undefined;
  /** How many of the sums are kept, the first ones. Default: all */
  sums?: number;
  /** Whether the sums of all images are kept, even if they were quickly made. Default false. */
  always?: boolean;
  /** Sums that took less time, in ms, are not kept. Default: 20 s */
  least?: number;
}

/** What is back-projected. */
export interface BackprojectTask extends PassTask {
  /** What progress is reported as. */
  name: string;
  /** The sums that a particle is added to. */
  sharesOf: (index: number) => readonly SumShare[];
  /** Default: nothing is kept. */
  keep?: KeepTask | undefined;
}

/** Default time in ms under which sums are not kept: they are made as fast as they are read. */
const quick = 20_000;
/** Sums are kept at least so often, in ms; a stop keeps them, too. */
const every = 10 * 60_000;

/**
 * Adds all particles to sums, on all cores. The result has to be closed. With `keep` a call after a stop goes on, and parts that other
 * machines have made are added up; those which nobody has made are made here.
 * @throws InputError as `ImagePass.open`; StoppedError
 */
export async function backproject(source: ImageSource, task: BackprojectTask): Promise<ImagePass> {
  const images = source.tilts?.();
  const particleOf = images?.particleOf;
  if (!images || images === source || !particleOf) return backprojectImages(source, task);
  // All tilts of a particle go where it goes.
  const indices = imagesOfParticles(source, task.indices);
  const pass = await backprojectImages(images, {
    ...task,
    indices,
    sharesOf: (image) => task.sharesOf(particleOf[image]!),
  });
  pass.leftOut = pass.leftOut.map(({ index, ...rest }) => ({ ...rest, index: particleOf[index]! }));
  return pass;
}

/** The images of particles: themselves, or of tilt series all tilts of each, ascending. */
export function imagesOfParticles(source: ImageSource, particles: Int32Array): Int32Array {
  const images = source.tilts?.();
  const particleOf = images?.particleOf;
  if (images === source || !particleOf) return particles;
  const chosen = new Uint8Array(source.count);
  for (const index of particles) chosen[index] = 1;
  return Int32Array.from(particleOf, (_, image) => image).filter((image) => chosen[particleOf[image]!]);
}

async function backprojectImages(source: ImageSource, task: BackprojectTask): Promise<ImagePass> {
  const pass = await ImagePass.open(source, task);
  try {
    await new KeptPass(pass, task).run();
    pass.leftOut.sort((a, b) => a.index - b.index);
    return pass;
  } catch (error) {
    await pass.close();
    throw error;
  }
}

class KeptPass {
  private readonly chunks: ImageChunk[];
  private readonly began = Date.now();
  private last = Date.now();

  constructor(
    private readonly pass: ImagePass,
    private readonly task: BackprojectTask,
  ) {
    this.chunks = pass.chunks(task.indices);
  }

  async run(): Promise<void> {
    const { task, chunks } = this;
    const { keep } = task;
    this.tell();
    if (!keep) return this.add(chunks, 0);
    if (keep.part)
      return this.goOn(
        new KeptSums(keep.folder, keep.name, keep.key, keep.part),
        this.partOf(keep.part),
        true,
      );
    const whole = new KeptSums(keep.folder, keep.name, keep.key);
    const parts = (await whole.find()) ? undefined : await partsOf(keep.folder, keep.name, keep.key);
    if (parts === undefined) return this.goOn(whole, chunks, keep.always === true);
    for (let number = 1; number <= parts; number++) await this.addPart({ number, of: parts });
    if (keep.always) await this.keep(whole, chunks);
    else await this.tryToKeep(whole, chunks);
  }

  /** The chunks of a part. */
  private partOf({ number, of }: Part): ImageChunk[] {
    const at = (part: number) => Math.round((part * this.chunks.length) / of);
    return this.chunks.slice(at(number - 1), at(number));
  }

  /** Adds chunks, some of which may be in kept sums, and keeps the sums. */
  private async goOn(kept: KeptSums, chunks: readonly ImageChunk[], always: boolean): Promise<void> {
    const start = await this.restore(kept, chunks);
    if (start === chunks.length && start > 0) return;
    const { least = quick } = this.task.keep!;
    await this.add(chunks, start, async (done) => {
      const now = Date.now();
      const isStopped = this.task.signal?.aborted === true && now - this.began > least;
      if (isStopped || (done < chunks.length && now - this.last > every))
        await this.tryToKeep(kept, chunks, done);
    });
    if (always) await this.keep(kept, chunks);
    else if (Date.now() - this.began > least) await this.tryToKeep(kept, chunks);
  }

  /** Hours of work are not lost because there is no room to keep them for a call that goes on: that is said beside the progress. */
  private async tryToKeep(
    kept: KeptSums,
    chunks: readonly ImageChunk[],
    done = chunks.length,
  ): Promise<void> {
    try {
      await this.keep(kept, chunks, done);
      this.note = undefined;
    } catch (error) {
      this.note = `sums cannot be kept: ${shorten((error as Error).message, 200)}`;
      this.last = Date.now();
    }
    this.tell();
  }

  private note: string | undefined;

  private tell(): void {
    const { task, note } = this;
    const { name, onProgress, indices } = task;
    onProgress?.({
      task: name,
      done: this.images,
      total: indices.length,
      ...(note !== undefined && { note }),
    });
  }

  /** Adds the sums of a part that is complete, or makes them. */
  private async addPart(part: Part): Promise<void> {
    const { keep } = this.task;
    const chunks = this.partOf(part);
    const kept = new KeptSums(keep!.folder, keep!.name, keep!.key, part);
    await this.add(chunks, await this.restore(kept, chunks));
  }

  /** Adds kept sums. @returns the number of chunks that they have */
  private async restore(kept: KeptSums, chunks: readonly ImageChunk[]): Promise<number> {
    const { pass } = this;
    const state = await kept.find();
    if (!state || state.of !== chunks.length || state.chunks > state.of) return 0;
    await kept.addTo(this.grids(), state);
    pass.sums.changed();
    for (const [sum, count] of state.counts.entries()) pass.counts[sum]! += count;
    pass.leftOut.push(...state.leftOut);
    this.images += imagesIn(chunks.slice(0, state.chunks));
    this.tell();
    return state.chunks;
  }

  private grids(): Float32Array[] {
    return this.pass.sums.grids(this.task.keep?.sums ?? this.task.sums);
  }

  /** Images that are in the sums. */
  private images = 0;

  private async add(
    chunks: readonly ImageChunk[],
    start: number,
    added?: (chunks: number) => Promise<void>,
  ): Promise<void> {
    const { pass, task } = this;
    const before = this.images;
    await pass.add({
      chunks: chunks.slice(start),
      sharesOf: task.sharesOf,
      added: async (images, done) => {
        this.images = before + images;
        this.tell();
        await added?.(start + done);
      },
    });
  }

  private async keep(kept: KeptSums, chunks: readonly ImageChunk[], done = chunks.length): Promise<void> {
    const { counts, leftOut } = this.pass;
    const sums = this.task.keep?.sums ?? counts.length;
    const state = { chunks: done, of: chunks.length, counts: [...counts.subarray(0, sums)], leftOut };
    await kept.keep(state, this.grids());
    this.last = Date.now();
  }
}

const imagesIn = (chunks: readonly ImageChunk[]) =>
  chunks.reduce((sum, { indices }) => sum + indices.length, 0);

/**
 * A hash that differs for other particles, half sets, poses, CTFs, optics or contrast, of tilt series also of each tilt; and for other image
 * files, or after they were changed.
 */
export async function sourceHash(source: ImageSource): Promise<Hash> {
  const hash = createHash("sha256").update((await source.imageStamp?.()) ?? "-");
  const images = source.tilts?.() ?? source;
  for (const one of images === source ? [source] : [source, images]) addSource(hash, one);
  return hash;
}

function addSource(hash: Hash, source: ImageSource & { readonly particleOf?: Int32Array | undefined }): void {
  const { count, boxSize, apix, invertContrast = false, bytes } = source;
  hash.update(JSON.stringify({ count, boxSize, apix, invertContrast, bytes }));
  const { randomSubset, particleOf } = source;
  for (const values of [source.rotations(), source.shifts(), randomSubset, particleOf])
    hash.update(values ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : "-");
  const groups = new Map<ImageGroup, number>();
  for (let i = 0; i < count; i++) {
    const group = source.opticsGroup(i);
    if (!groups.has(group)) {
      const { boxSize: size, apix: pixel, phaseFlipped, ctfPremultiplied, aberrations } = group;
      groups.set(group, groups.size);
      hash.update(JSON.stringify({ size, pixel, phaseFlipped, ctfPremultiplied, aberrations }));
    }
    hash.update(JSON.stringify([groups.get(group), source.ctf(i) ?? null]));
  }
}
