import { Row } from "../model/gaussianModel";
import type { Random } from "../random";
import { type AxisRoles, Decoder, type DecoderSpec } from "./decoder";
import { DenseNetwork, type NetworkSpec } from "./denseNetwork";
import type { GaussianHead } from "./head";
import { HeadLayer } from "./headLayer";
import { LatentFrame } from "./latentFrame";
import type { NetworkCompute } from "./networkCompute";
import { type NamedArray, prefixed, under } from "./parameters";

/** The input of a network of which only the bias counts. */
export const noInput = Float32Array.of(0);

function shapeSpec(members: number): NetworkSpec {
  return { inputs: 1, hidden: [], outputs: 3 * members, dropout: 0, batchNorm: false, outputScale: 0 };
}

/**
 * From latents to Gaussians: the frame in which they can be read, the networks, the shape of rigid bodies, and the head. What a
 * {@link LatentModel} decodes with, and alone all that a page needs. Nothing here depends on Node.
 */
export class GaussianDecoder {
  /** Latents → raw outputs of the head. */
  readonly networks: Decoder;
  /** Raw outputs → Gaussians. */
  readonly headLayer: HeadLayer;
  /** The shape of rigid bodies, if there are any: constants of the whole data set, the bias of a network. */
  readonly shape: DenseNetwork | undefined;
  /** Coordinates that can be read; undefined while they are those of the networks. */
  frame: LatentFrame | undefined;

  /**
   * @param random draws the initial weights; undefined leaves zeros, to be loaded
   * @param compute what the networks are computed with
   */
  constructor(
    readonly spec: DecoderSpec,
    readonly head: GaussianHead,
    random: Random | undefined,
    compute: NetworkCompute,
  ) {
    this.networks = new Decoder(spec, head, random?.fork(2), compute);
    this.headLayer = new HeadLayer(compute, head);
    if (head.bodies) this.shape = new DenseNetwork(shapeSpec(head.bodies.members), random?.fork(3), compute);
  }

  /** What the axes change, in the order of the latents that {@link decode} reads. */
  get roles(): AxisRoles {
    const { spec, frame } = this;
    const all = Array.from({ length: spec.latent }, (_, d) => d);
    const readable = (own: number[]) =>
      all.filter((axis) =>
        own.some((d) => (frame ? frame.matrix[axis * spec.latent + d] !== 0 : axis === d)),
      );
    const { position, density } = this.rolesOfNetworks;
    return { position: readable(position), density: readable(density) };
  }

  /** What the axes change, in the order in which the networks read them. */
  get rolesOfNetworks(): AxisRoles {
    const { networks, head } = this;
    const found: AxisRoles = { position: [], density: [] };
    const moves = (slot: number) => slot < Row.amplitude * head.neutral.count;
    let first = 0;
    for (const { latent, roles, slots } of networks.blocks) {
      const all = Array.from({ length: latent }, (_, d) => d);
      const axes = (of: readonly number[] = all) => of.map((d) => first + d);
      if (slots.some(moves)) found.position.push(...axes(roles?.position));
      if (!slots.every(moves)) found.density.push(...axes(roles?.density));
      first += latent;
    }
    return found;
  }

  /** Draws new random weights, as in a new decoder; memory is reused. */
  initialize(random: Random): void {
    this.networks.initialize(random.fork(2));
    this.shape?.initialize(random.fork(3));
    this.frame = undefined;
  }

  /** Gaussians [n · 5N] at latents [n · latent]. */
  decode(z: Float32Array, count: number): Float32Array {
    return this.decodeRaw(this.frame?.toDecoded(z) ?? z, count);
  }

  /** The same as the networks were trained, without an `AxisReduction`. */
  decodeTrained(z: Float32Array, count: number): Float32Array {
    return this.decodeRaw(this.frame?.toNetwork(z) ?? z, count);
  }

  /** Gaussians [n · 5N] at latents in coordinates of the networks [n · latent]: the same for all, or one array for each. */
  decodeRaw(z: Float32Array | Float32Array[], count: number): Float32Array {
    const width = 5 * this.head.neutral.count;
    const models = new Float32Array(count * width);
    const shape = this.shape?.predict(noInput, 1);
    this.networks.visit(z, count, (raw, first, rows) => {
      models.set(this.headLayer.decode(raw, rows, false, shape), first * width);
    });
    return models;
  }

  /** All weights and the frame, under their names in a checkpoint. */
  save(): NamedArray[] {
    return [
      ...prefixed("decoder", this.networks.save()),
      ...prefixed("bodies", this.shape?.save() ?? []),
      ...prefixed("latent", this.frame?.save() ?? []),
    ];
  }

  /** Restores what {@link save} returned; further arrays have no effect. @throws RangeError if an array is missing or invalid */
  load(arrays: readonly NamedArray[]): void {
    this.networks.load(under(arrays, "decoder"));
    this.shape?.load(under(arrays, "bodies"));
    this.frame = LatentFrame.load(under(arrays, "latent"), this.spec.latent);
  }
}
