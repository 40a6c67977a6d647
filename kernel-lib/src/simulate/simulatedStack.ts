import path from "node:path";
import { throwIfStopped } from "../errors";
import { createStack, type StackWriter } from "../formats/mrc";
import type { TaskOptions } from "../progress";
import type { Random } from "../random";
import { BoxCrop } from "./boxCrop";
import { byState, circularMask, type ImageMaker, NoiseMaker } from "./simulatedImages";
import type { Imperfections, SimulatedParticle } from "./simulatedParticles";
import { keptOpen, type SimulatedStates } from "./simulatedStates";

/** What the stacks of a simulation show. */
export interface StackContent {
  states: SimulatedStates;
  particles: readonly SimulatedParticle[];
  images: ImageMaker;
  /** Standard deviation of the noise that is added to the images. */
  noise: number;
  /** Standard deviation of the noise that the CTF acts on; 0 for none. */
  solventNoise: number;
  /** Of the noise of the images. */
  random: Random;
  /** Of the noise of the solvent. */
  solventRandom: Random;
}

/** A stack in a box. */
export interface StackBox {
  boxSize: number;
  /** Å per pixel. */
  apix: number;
}

/** Name of the files in a box, without ending: those of the box that is simulated have none in their name. */
export const nameInBox = (name: string, { boxSize }: StackBox, whole: StackBox): string =>
  boxSize === whole.boxSize ? name : `${name}_box${boxSize}`;

const chunkImages = 100;
/** Memory in bytes for images that are made in the order of their states. */
const blockBytes = 1 << 29;

/** Writes particles.mrcs, and its stacks in smaller boxes. @param boxes the box of the states first */
export async function writeStacks(
  folder: string,
  boxes: readonly StackBox[],
  content: StackContent,
  options: TaskOptions & Imperfections,
): Promise<void> {
  const { particles, states, noise } = content;
  const { boxSize, apix } = states;
  const { signal, onProgress, colouredNoise = false, maskImages } = options;
  const noiseMaker = new NoiseMaker(content.random, boxSize, apix, colouredNoise);
  const mask = maskImages === undefined ? undefined : circularMask(boxSize, maskImages / apix);
  const pixels = boxSize * boxSize;
  const most = states.costly ? Math.max(chunkImages, Math.floor(blockBytes / (8 * pixels))) : chunkImages;
  const block = new Float64Array(Math.min(most, particles.length) * pixels);
  const stacks = await openStacks(folder, boxes);
  try {
    for (let from = 0; from < particles.length; from += most) {
      const count = Math.min(most, particles.length - from);
      await fillBlock(block, { from, count }, content, signal);
      for (let start = 0; start < count; start += chunkImages) {
        throwIfStopped(signal);
        const chunk = block.subarray(start * pixels, Math.min(start + chunkImages, count) * pixels);
        for (let at = 0; at < chunk.length; at += pixels) {
          const added = noiseMaker.make();
          for (let p = 0; p < pixels; p++) chunk[at + p]! += noise * added[p]!;
          // Rounded before the mask, as values of a stack are.
          if (mask) for (let p = 0; p < pixels; p++) chunk[at + p] = Math.fround(chunk[at + p]!) * mask[p]!;
        }
        for (const stack of stacks) await stack.append(chunk, pixels);
        const done = from + start + chunk.length / pixels;
        onProgress?.({ task: "simulating particles", done, total: particles.length });
      }
    }
    for (const { writer } of stacks) await writer.close();
  } finally {
    for (const { writer } of stacks) await writer.abort();
  }
}

interface OpenStack {
  writer: StackWriter;
  append(images: Float64Array, pixels: number): Promise<void>;
}

async function openStacks(folder: string, boxes: readonly StackBox[]): Promise<OpenStack[]> {
  const whole = boxes[0]!;
  const stacks: OpenStack[] = [];
  for (const box of boxes) {
    const file = path.join(folder, `${nameInBox("particles", box, whole)}.mrcs`);
    const crop = box === whole ? undefined : new BoxCrop(whole.boxSize, box.boxSize);
    const writer = await createStack(file, { size: [box.boxSize, box.boxSize], apix: box.apix });
    const append = async (images: Float64Array, pixels: number) => {
      if (!crop) return writer.append(Float32Array.from(images));
      const cropped = new Float32Array((images.length / pixels) * box.boxSize ** 2);
      for (let i = 0; i * pixels < images.length; i++) {
        cropped.set(crop.crop(images.subarray(i * pixels, (i + 1) * pixels)), i * box.boxSize ** 2);
      }
      return writer.append(cropped);
    };
    stacks.push({ writer, append });
  }
  return stacks;
}

/** Images of some particles without the noise of the detector; those of one state are made together if states are expensive. */
async function fillBlock(
  block: Float64Array,
  { from, count }: { from: number; count: number },
  content: StackContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { states, particles, images, solventNoise, solventRandom } = content;
  const { boxSize, apix } = states;
  const indices = Array.from({ length: count }, (_, i) => from + i);
  const open = keptOpen(states);
  for (const i of states.costly ? byState(indices, particles) : indices) {
    throwIfStopped(signal);
    const particle = particles[i]!;
    let solvent: Float64Array | undefined;
    if (solventNoise > 0) {
      // Its own generator for each particle, so that the order does not matter.
      solvent = new NoiseMaker(solventRandom.fork(i), boxSize, apix, false).make();
      for (let p = 0; p < solvent.length; p++) solvent[p]! *= solventNoise;
    }
    block.set(images.make(await open(particle.state), particle, solvent), (i - from) * boxSize * boxSize);
  }
}
