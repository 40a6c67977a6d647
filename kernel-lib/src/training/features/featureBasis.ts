import { throwIfStopped } from "../../errors";
import { Row } from "../../model/gaussianModel";
import type { NamedArray } from "../../network/parameters";
import type { TaskOptions } from "../../progress";
import { Random } from "../../random";
import type { GradientComponents } from "./components";
import type { GradientSource } from "./gradientSource";
import { extraVectors, randomizedSvd } from "./randomizedSvd";

/** Options of {@link FeatureBasis.fit}. */
export interface FeatureOptions extends TaskOptions {
  /** Rows of the source to take the sample from, ascending: those used for training. */
  rows: Int32Array;
  /** Outermost ring of each block of gradients. */
  rings: readonly number[];
  /** Principal components to keep; fewer if there are fewer particles or gradients. */
  components: number;
  /** Seed of the randomized SVD. */
  seed: number;
}

/** Contents of a {@link FeatureBasis}. */
interface BasisParts extends GradientComponents {
  /** Factor on each gradient: brings every kind of parameter to unit standard deviation. */
  readonly scale: Float32Array;
  /** Orthonormal columns, divided by the standard deviation of the projections. */
  readonly basis: Float32Array;
  explained: number;
}

/** Most particles in the sample. */
const sampleSize = 4096;
/** Bytes of the sample's gradients; models of thousands of Gaussians get a smaller sample. */
const sampleBytes = 2 ** 28;

/**
 * Encoder input. It is derived from the gradient of each particle's score with respect to the neutral model, in the
 * model's frame, each kind of parameter scaled to unit standard deviation: one block for the low rings, which determine
 * the order of states while they are far apart, and one for all rings. These 10·N numbers are highly redundant, so the
 * encoder gets their leading principal components: 64 of 2,560 trained to the same correlation with the truth as all.
 */
export class FeatureBasis {
  private constructor(private readonly parts: BasisParts) {}

  /** Outermost ring of each block of gradients. */
  get rings(): readonly number[] {
    return this.parts.rings;
  }

  /** Features per particle. */
  get size(): number {
    return this.parts.size;
  }

  /** Fraction of the gradients' sum of squares that the components explain. */
  get explained(): number {
    return this.parts.explained;
  }

  /** Fits the basis to the gradients of an evenly spaced sample of the rows. */
  static async fit(source: GradientSource, options: FeatureOptions): Promise<FeatureBasis> {
    const { rings, components, seed } = options;
    const count = options.rows.length;
    const inputs = 5 * source.gaussians * rings.length;
    const fewest = 2 * (components + extraVectors);
    const most = Math.max(fewest, Math.floor(sampleBytes / (4 * inputs)));
    const rows = Math.min(count, sampleSize, most);
    const sample = Int32Array.from({ length: rows }, (_, i) => options.rows[Math.floor((i * count) / rows)]!);
    const step = source.particlesPerPass;
    const gradients = new Float32Array(rows * inputs);
    for (let from = 0; from < rows; from += step) {
      throwIfStopped(options.signal);
      const part = sample.slice(from, from + step);
      gradients.set(await source.gradients(part, rings), from * inputs);
      options.onProgress?.({ task: "encoder input: basis", done: from + part.length, total: rows });
    }
    const scale = unitScale(gradients, inputs, source.gaussians);
    for (let i = 0; i < gradients.length; i++) gradients[i]! *= scale[i % inputs]!;
    const size = Math.min(components, rows, inputs);
    const matrix = { data: gradients, rows, columns: inputs };
    const { basis, explained } = await randomizedSvd(matrix, size, new Random(seed));
    return new FeatureBasis({ rings, scale, basis, size, explained });
  }

  /** @throws RangeError unless the basis is for so many Gaussians and rings, and has so many features */
  requireFor(gaussians: number, rings: number, size: number): void {
    const { scale } = this.parts;
    const inputs = 5 * gaussians * this.rings.length;
    const ascending = this.rings.every(
      (ring, i) => Number.isInteger(ring) && ring > (this.rings[i - 1] ?? 0),
    );
    if (!ascending || this.rings.at(-1) !== rings) {
      throw new RangeError(`weights features.rings: expected rings up to ${rings}, found ${this.rings}`);
    }
    if (scale.length !== inputs || this.size !== size) {
      throw new RangeError(
        `weights features.basis: expected shape [${inputs},${size}], found [${scale.length},${this.size}]`,
      );
    }
  }

  /** Whether the basis is for so many Gaussians and rings. */
  fits(gaussians: number, rings: number): boolean {
    return this.parts.scale.length === 5 * gaussians * this.rings.length && this.rings.at(-1) === rings;
  }

  /** Features of all rows of the source, [rows · size]. */
  async project(source: GradientSource, options: TaskOptions = {}): Promise<Float32Array> {
    const { size } = this.parts;
    const { count } = source;
    const out = new Float32Array(count * size);
    const projector = source.projector(this.parts);
    const step = source.particlesPerPass * source.unitsPerParticle;
    try {
      for (let from = 0; from < count; from += step) {
        throwIfStopped(options.signal);
        const part = Int32Array.from({ length: Math.min(step, count - from) }, (_, i) => from + i);
        out.set(await projector.project(part), from * size);
        options.onProgress?.({ task: "encoder input", done: from + part.length, total: count });
      }
    } finally {
      projector.dispose();
    }
    // Linear in the gradients: the sum of features is the feature of the sum.
    source.share(out, size);
    return out;
  }

  /** The arrays to be stored in a checkpoint. */
  save(): NamedArray[] {
    const { rings, scale, basis, size, explained } = this.parts;
    return [
      { name: "features.rings", shape: [rings.length], data: Float32Array.from(rings) },
      { name: "features.scale", shape: [scale.length], data: scale },
      { name: "features.basis", shape: [scale.length, size], data: basis },
      { name: "features.explained", shape: [1], data: Float32Array.of(explained) },
    ];
  }

  /** Restores what {@link save} stored. @throws RangeError for missing arrays and inconsistent shapes */
  static load(arrays: readonly NamedArray[]): FeatureBasis {
    const find = (name: string): NamedArray => {
      const array = arrays.find((a) => a.name === `features.${name}`);
      if (!array) throw new RangeError(`weights: expected features.${name}, found nothing`);
      return array;
    };
    const basis = find("basis");
    const rings = find("rings");
    const scale = find("scale");
    const explained = find("explained");
    const [inputs, size] = basis.shape;
    if (basis.shape.length !== 2 || scale.data.length !== inputs || explained.data.length !== 1) {
      throw new RangeError(
        `weights features.basis: expected shape [${scale.data.length}, components], found [${basis.shape}]`,
      );
    }
    return new FeatureBasis({
      rings: [...rings.data],
      scale: scale.data,
      basis: basis.data,
      size: size!,
      explained: explained.data[0]!,
    });
  }
}

/** The inverse root mean square of each kind of parameter in each block, repeated for every column. */
function unitScale(gradients: Float32Array, inputs: number, gaussians: number): Float32Array {
  const scale = new Float32Array(inputs);
  const rows = gradients.length / inputs;
  const block = 5 * gaussians;
  for (let start = 0; start < inputs; start += block) {
    for (const [first, last] of [
      [Row.x, Row.amplitude],
      [Row.amplitude, Row.sigma],
      [Row.sigma, 5],
    ] as const) {
      const from = start + first * gaussians;
      const to = start + last * gaussians;
      let sum = 0;
      for (let i = 0; i < rows; i++) for (let j = from; j < to; j++) sum += gradients[i * inputs + j]! ** 2;
      const deviation = Math.sqrt(sum / (rows * (to - from)));
      scale.fill(deviation > 0 ? 1 / deviation : 0, from, to);
    }
  }
  return scale;
}
