import type { GaussianModel } from "../../model/gaussianModel";
import { CallingThread } from "../../network/callingThread";
import type { AxisBlock, AxisRoles, DecoderForm, DecoderSpec } from "../../network/decoder";
import { inferenceRows } from "../../network/denseNetwork";
import { GaussianDecoder } from "../../network/gaussianDecoder";
import { GaussianHead, type Varied } from "../../network/head";
import type { NamedArray } from "../../network/parameters";
import { pointGroup } from "../../optics/symmetry";
import { UnitAssembly } from "../units/unitAssembly";
import { type DecoderNetworks, RunDecoder } from "./runDecoder";

/**
 * The decoder of a run as values that a page can be sent, and the decoder that the page makes of them. It is the same code, in one
 * thread; only the weights have lost precision: 16 bits each, in steps of a scale for each output. The error of an output is then
 * 3·10⁻⁵ of its spread, a fifth of that of half-precision floats at the same size.
 */

/** Weights [inputs · outputs] in steps of 1/32767 of the largest of each output. */
interface PackedWeights {
  name: string;
  shape: number[];
  steps: Int16Array;
  /** Size of a step, [outputs]. */
  scale: Float32Array;
}

/** The decoder of a run; see {@link packDecoder}. */
export interface PackedDecoder {
  neutral: GaussianModel;
  /** For each Gaussian 1 if the networks may change it; none: all. */
  free?: Uint8Array | undefined;
  /** Name of the point group; none without symmetry. */
  symmetry?: string | undefined;
  spec: {
    latent: number;
    hidden: number[];
    form: DecoderForm;
    roles?: AxisRoles | undefined;
    blocks?: readonly AxisBlock[] | undefined;
  };
  head: {
    vary: readonly Varied[];
    free?: Uint8Array | undefined;
    bodies?: Uint8Array | undefined;
    gain: number;
  };
  arrays: (NamedArray | PackedWeights)[];
  /** That of the run whose axes are the first of this one. */
  parent?: PackedDecoder | undefined;
}

/** The decoder of a run as values. */
export function packDecoder(decoder: RunDecoder): PackedDecoder {
  const { neutral, free, units, model, parent } = decoder.parts;
  const { spec, head } = model.gaussianDecoder;
  return {
    ...{ neutral, free, symmetry: units.group?.name, spec },
    head: { vary: head.vary, free: head.free, bodies: head.bodies?.of, gain: head.gain },
    arrays: model.gaussianDecoder.save().map(packed),
    ...(parent && { parent: packDecoder(parent) }),
  };
}

function packed(array: NamedArray): NamedArray | PackedWeights {
  const { name, shape, data } = array;
  if (!/(^|\.)weight\d+$/.test(name)) return array;
  const outputs = shape.at(-1)!;
  const scale = new Float32Array(outputs);
  const steps = new Int16Array(data.length);
  for (let at = 0; at < data.length; at += outputs) {
    for (let o = 0; o < outputs; o++) {
      const size = Math.abs(data[at + o]!) / 32767;
      if (size > scale[o]!) scale[o] = size;
    }
  }
  for (let at = 0; at < data.length; at += outputs) {
    for (let o = 0; o < outputs; o++) {
      const step = Math.round(data[at + o]! / scale[o]!);
      // The scale is rounded to single precision, and may be a little too small; it is 0 where all weights are
      steps[at + o] = scale[o]! > 0 ? Math.max(-32767, Math.min(32767, step)) : 0;
    }
  }
  return { name, shape, steps, scale };
}

function unpacked(array: NamedArray | PackedWeights): NamedArray {
  if ("data" in array) return array;
  const { name, shape, steps, scale } = array;
  const outputs = scale.length;
  const data = new Float32Array(steps.length);
  for (let at = 0; at < data.length; at += outputs) {
    for (let o = 0; o < outputs; o++) data[at + o] = steps[at + o]! * scale[o]!;
  }
  return { name, shape, data };
}

/**
 * The decoder of packed values. Needs WebAssembly with SIMD, and nothing of Node.
 * @param module compiled `networks.wasm`
 * @throws RangeError if weights are missing, or if there is not enough memory
 */
export function unpackDecoder(values: PackedDecoder, module: object): RunDecoder {
  const { neutral, free, symmetry, spec, head, arrays, parent } = values;
  const units = new UnitAssembly(symmetry === undefined ? undefined : pointGroup(symmetry));
  const own = new GaussianHead(units.first(neutral), head.vary, head);
  const compute = new CallingThread(module, memoryOf(spec, own));
  const decoder = new GaussianDecoder(spec, own, undefined, compute);
  decoder.load(arrays.map(unpacked));
  const model: DecoderNetworks = {
    ...{ spec, head: own, gaussianDecoder: decoder, roles: decoder.roles },
    decode: (z, count) => decoder.decode(z, count),
    decodeTrained: (z, count) => decoder.decodeTrained(z, count),
    dispose: () => {},
  };
  return new RunDecoder({
    ...{ neutral, free, model, units },
    parent: parent && unpackDecoder(parent, module),
  });
}

/** Bytes that a decoder needs at most: weights in panels, rows of a batch, and the Gaussians of a batch. */
function memoryOf({ latent, hidden, blocks }: DecoderSpec, head: GaussianHead): number {
  const terms = latent + (latent * (latent + 1)) / 2;
  // Positions and amplitudes have networks of their own, in every block
  const parts = 2 * Math.max(1, blocks?.length ?? 1);
  const widths = [terms, ...hidden, head.outputs];
  let numbers = 0;
  for (const [i, outputs] of widths.entries()) {
    numbers += inferenceRows * (outputs + 64) * 2;
    const inputs = Math.max(terms, widths[i - 1] ?? 0);
    if (i > 0) numbers += (outputs + 8) * (inputs + 8);
  }
  const gaussians = head.neutral.params.length;
  return 4 * (parts * numbers + (inferenceRows + 2) * gaussians + 2 * head.outputs) + 2 ** 20;
}
