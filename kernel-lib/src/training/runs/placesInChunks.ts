import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { InputError, throwIfStopped } from "../../errors";
import type { ParticleSet } from "../../particles/particleSet";
import type { Progress, TaskOptions } from "../../progress";
import { sourceHash } from "../../reconstruction/backproject";
import { checkPart, type Part } from "../../reconstruction/keptSums";
import { packageVersion } from "../../version";
import type { PlacesOptions } from "../posterior/otherPlaces";
import type { Posterior } from "../posterior/posterior";
import { placeTogether, type RunPlacing } from "./runPlaces";
import { readArrays, readMetadata, writeArrays } from "./weightsFile";

/*
 * Particles are placed chunk by chunk, each chunk by itself: memory does not depend on the number of particles, and a chunk has the same
 * places, bit for bit, wherever and beside whichever others it is placed. So several jobs, each with some of the chunks, give what one gives.
 */

/** Images of a chunk. */
const chunkImages = 2048;

/** Options of {@link placesInChunks}. */
export interface ChunkOptions extends PlacesOptions {
  /** Images of a chunk. Default 2048. */
  images?: number;
}

/**
 * Places of all particles.
 * @param folder with the chunks that {@link placePart} has left. Default: none
 * @returns [particles · latent] each
 * @throws InputError for a chunk whose file is damaged; StoppedError
 */
export async function placesInChunks(
  placing: RunPlacing,
  set: ParticleSet,
  { images, ...options }: ChunkOptions,
  folder?: string,
): Promise<Posterior> {
  const chunks = chunksOf(set, placing, images);
  const kept = folder === undefined ? undefined : await KeptChunks.in(folder, placing, set, chunks.length);
  const found: Posterior[] = [];
  for (const [c, chunk] of chunks.entries()) {
    throwIfStopped(options.signal);
    found.push((await kept?.find(c)) ?? (await placeChunk(placing, set, chunk, options)));
  }
  return {
    mean: joined(found.map(({ mean }) => mean)),
    standardDeviation: joined(found.map(({ standardDeviation }) => standardDeviation)),
  };
}

/**
 * Places the particles of one of several parts, and keeps their places in a folder for {@link placesInChunks}. Chunks that are there
 * already stay as they are.
 * @returns particles of the part
 * @throws InputError for a part that is none, and for a run whose places depend on those that are placed together; StoppedError
 */
export async function placePart(
  placing: RunPlacing,
  set: ParticleSet,
  { images, ...options }: ChunkOptions,
  { folder, part }: { folder: string; part: Part },
): Promise<number> {
  checkPart(part);
  if (!placing.isIndependent) {
    throw new InputError(
      `${placing.weights}: part`,
      "weights of this version, for places in parts; train again, or place all particles in one job",
      "a run of an earlier version, in which places depend on each other",
    );
  }
  const chunks = chunksOf(set, placing, images);
  const kept = await KeptChunks.in(folder, placing, set, chunks.length);
  const border = (number: number) => Math.floor((number * chunks.length) / part.of);
  let count = 0;
  for (let c = border(part.number - 1); c < border(part.number); c++) {
    throwIfStopped(options.signal);
    const chunk = chunks[c]!;
    if (!(await kept.has(c))) await kept.keep(c, await placeChunk(placing, set, chunk, options));
    count += chunk.to - chunk.from;
  }
  return count;
}

/** Removes the chunks of all parts, and their folder if nothing else is in it. */
export async function removeChunks(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (/^places_\d+_of_\d+\.safetensors$/.test(name)) await rm(path.join(folder, name), { force: true });
  await rmdir(folder).catch(() => undefined);
}

/** Particles that are placed together. */
interface Chunk {
  from: number;
  to: number;
}

/** Copies of a particle stay together. Places that depend on each other are found in one chunk. */
function chunksOf(set: ParticleSet, { isIndependent }: RunPlacing, images = chunkImages): Chunk[] {
  const { count } = set;
  if (!isIndependent) return [{ from: 0, to: count }];
  const copies = set.symmetry?.order ?? 1;
  const perParticle = (set.tilts().count * copies) / Math.max(1, count);
  const size = copies * Math.max(1, Math.floor(images / perParticle));
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
    from: i * size,
    to: Math.min((i + 1) * size, count),
  }));
}

function placeChunk(
  placing: RunPlacing,
  set: ParticleSet,
  { from, to }: Chunk,
  { onProgress, ...options }: PlacesOptions,
): Promise<Posterior> {
  const isWhole = to - from === set.count;
  const chunk = isWhole ? set : set.select(Int32Array.from({ length: to - from }, (_, i) => from + i));
  return placeTogether(placing, chunk, {
    ...options,
    ...(onProgress && { onProgress: isWhole ? onProgress : within({ from, to }, set.count, onProgress) }),
  });
}

/** Progress of a chunk, named by its particles. */
const within = (
  { from, to }: Chunk,
  count: number,
  onProgress: NonNullable<TaskOptions["onProgress"]>,
): ((progress: Progress) => void) => {
  return (progress) =>
    onProgress({ ...progress, task: `particles ${from + 1} to ${to} of ${count}: ${progress.task}` });
};

/** Chunks in a folder, each a file. */
class KeptChunks {
  private constructor(
    private readonly folder: string,
    /** Differs for other runs and particles. */
    private readonly key: string,
    private readonly count: number,
  ) {}

  static async in(folder: string, placing: RunPlacing, set: ParticleSet, count: number): Promise<KeptChunks> {
    const hash = (await sourceHash(set)).update(packageVersion);
    for (let at: RunPlacing | undefined = placing; at; at = at.fixed?.placing)
      hash.update((await readMetadata(at.weights))["checksum"] ?? "-");
    return new KeptChunks(folder, hash.digest("hex"), count);
  }

  /** Whether a chunk of these particles is there. */
  async has(chunk: number): Promise<boolean> {
    return (await readMetadata(this.file(chunk)).catch(() => undefined))?.["key"] === this.key;
  }

  async find(chunk: number): Promise<Posterior | undefined> {
    if (!(await this.has(chunk))) return undefined;
    const { arrays } = await readArrays(this.file(chunk));
    const [mean, standardDeviation] = arrays.map(({ data }) => data);
    return { mean: mean!, standardDeviation: standardDeviation! };
  }

  async keep(chunk: number, { mean, standardDeviation }: Posterior): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const arrays = [
      { name: "mean", shape: [mean.length], data: mean },
      { name: "deviation", shape: [mean.length], data: standardDeviation },
    ];
    await writeArrays(this.file(chunk), arrays, { key: this.key });
  }

  private file(chunk: number): string {
    return path.join(this.folder, `places_${chunk + 1}_of_${this.count}.safetensors`);
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
