import { Row } from "../model/gaussianModel";
import type { Random } from "../random";
import { DenseNetwork, inferenceRows } from "./denseNetwork";
import type { GaussianHead } from "./head";
import type { NetworkCompute } from "./networkCompute";
import type { AdamStep, NamedArray } from "./parameters";
import { type AxisChange, LatentPolynomial } from "./polynomial";
import { Rows } from "./rows";

/**
 * How latents become raw outputs of the head.
 *
 * `quadratic`: linear in z and in the Hermite products of z. The latent space stays straight and ordered, since a path
 * that curls through it explains no more than a straight one.
 *
 * `network`: dense layers with ReLU, which describe large motions better.
 */
export type DecoderForm = "quadratic" | "network";

/** What the axes of the latent space change: conformation and composition. An axis may do both. */
export interface AxisRoles {
  /** Axes that move Gaussians, from 0, ascending. */
  position: number[];
  /** Axes that change amplitudes and widths, from 0, ascending. */
  density: number[];
}

/** Axes that follow each other in the latent space, with networks of their own. */
export interface AxisBlock {
  /** Number of axes. */
  latent: number;
  /** Default `network`. */
  form?: DecoderForm | undefined;
  /** What these axes change, counted from the first of them. Default: every axis changes everything, by one network. */
  roles?: AxisRoles | undefined;
  /** Parameters that they change: indices in a set of 5·N, ascending. */
  slots: Int32Array;
}

/** Architecture of a {@link Decoder}. */
export interface DecoderSpec {
  /** Axes of the latent space. */
  latent: number;
  /** Widths of the hidden layers of a network. */
  hidden: number[];
  form: DecoderForm;
  /** Default: every axis changes everything, by one network. */
  roles?: AxisRoles | undefined;
  /**
   * Blocks of axes whose raw outputs add up, in place of `form` and `roles`: those of earlier rounds of training, and the new ones.
   * Default: one block that changes all that varies.
   */
  blocks?: readonly AxisBlock[] | undefined;
}

const smallOutput = 1e-2;

/** Some raw outputs, and the network that computes them, or what is added to them, from some axes. */
export interface DecoderPart {
  polynomial: LatentPolynomial;
  /** Raw output of each output of the network. */
  columns: Int32Array;
  /** Whether no other part computes them, and they follow each other. */
  alone: boolean;
  network: DenseNetwork;
  /** Block of axes, from 0. */
  block: number;
}

/** What the last forward pass left for the backward pass. */
interface Tape {
  /** Latents of each part, [B · latent]. */
  z: Float32Array[];
  rows: Rows[];
  count: number;
}

/**
 * Latents → raw outputs of the head. With {@link AxisRoles}, positions are computed by one network and amplitudes and widths
 * by another, each from its own axes; without axes they are constants, the same for all particles.
 */
export class Decoder {
  /** Parts that compute raw outputs, block by block. */
  readonly parts: DecoderPart[] = [];
  /** Blocks of axes in their order. */
  readonly blocks: readonly AxisBlock[];
  /** Raw outputs of all parts, if one part does not compute them all. */
  private combined: Rows | undefined;
  private tape: Tape | undefined;

  /** @param random draws the initial weights; undefined leaves zeros, to be loaded */
  constructor(
    readonly spec: DecoderSpec,
    private readonly head: GaussianHead,
    random: Random | undefined,
    private readonly threads: NetworkCompute,
  ) {
    const { latent, form, roles } = spec;
    this.blocks = spec.blocks ?? [{ latent, form, roles, slots: head.slots }];
    let first = 0;
    for (const block of this.blocks.keys()) {
      this.addBlock(block, first);
      first += this.blocks[block]!.latent;
    }
    if (first !== latent) throw new RangeError(`blocks: expected ${latent} axes in all, found ${first}`);
    if (random) this.initialize(random);
  }

  /** The networks of a block whose axes begin at `first`. */
  private addBlock(block: number, first: number): void {
    const { neutral, slots } = this.head;
    const { latent, roles, slots: own } = this.blocks[block]!;
    const columnOf = new Map(Array.from(slots, (slot, column) => [slot, column]));
    const columns = (some: Int32Array) => some.map((slot) => columnOf.get(slot)!);
    const moves = (slot: number) => slot < Row.amplitude * neutral.count;
    const axes = (of: readonly number[]) => of.map((d) => first + d);
    const all = Array.from({ length: latent }, (_, d) => d);
    const runs = roles
      ? [
          { axes: axes(roles.position), columns: columns(own.filter(moves)) },
          { axes: axes(roles.density), columns: columns(own.filter((slot) => !moves(slot))) },
        ]
      : [{ axes: axes(all), columns: columns(own) }];
    for (const run of runs) if (run.columns.length > 0) this.parts.push(this.part(run, block));
  }

  private part({ axes, columns }: { axes: number[]; columns: Int32Array }, block: number): DecoderPart {
    const { hidden, latent } = this.spec;
    // Parameters that no axis changes are constants, which training fits to the particles.
    const quadratic = this.blocks[block]!.form === "quadratic" || axes.length === 0;
    const polynomial = new LatentPolynomial(latent, axes, quadratic ? 2 : 1);
    const spec = {
      inputs: polynomial.terms,
      hidden: quadratic ? [] : hidden,
      outputs: columns.length,
      dropout: 0,
      batchNorm: false,
      outputScale: smallOutput,
    };
    const follow = columns.every((column, j) => column === columns[0]! + j);
    const alone = follow && this.blocks.length === 1;
    return { polynomial, columns, alone, block, network: new DenseNetwork(spec, undefined, this.threads) };
  }

  /** Sets raw outputs to 0, unless every part writes its own. */
  private clear({ values }: Rows): void {
    if (this.blocks.length > 1) values.fill(0);
  }

  /** Whether one network computes all raw outputs. */
  private get isWhole(): boolean {
    return this.parts.length === 1 && this.parts[0]!.network.spec.outputs === this.head.outputs;
  }

  /** The networks, for an optimizer. */
  get networks(): DenseNetwork[] {
    return this.parts.map(({ network }) => network);
  }

  /** Number of networks, each of which may read latents of its own. */
  get partCount(): number {
    return this.parts.length;
  }

  /** Memory for the raw outputs of all parts, of at least `count` rows. */
  private combinedFor(count: number): Rows {
    if (!this.combined || this.combined.rows < count) {
      const rows = Math.max(inferenceRows, 4 * Math.ceil(count / 4));
      this.combined = new Rows(this.threads, rows, this.head.outputs);
    }
    return this.combined;
  }

  /** Draws new random weights. */
  initialize(random: Random): void {
    for (const [p, { network }] of this.parts.entries())
      network.initialize(p === 0 ? random : random.fork(p));
  }

  /**
   * Calls `visit` with the raw outputs of some rows, the index of the first, and their number.
   * @param z latents [n · latent], the same for all networks, or one array for each
   */
  visit(
    z: Float32Array | Float32Array[],
    count: number,
    visit: (raw: Rows, first: number, rows: number) => void,
  ): void {
    const latents = z instanceof Float32Array ? this.parts.map(() => z) : z;
    if (this.isWhole) {
      const { polynomial, network } = this.parts[0]!;
      network.visit(polynomial.evaluate(latents[0]!, count), count, visit);
      return;
    }
    const { latent } = this.spec;
    const combined = this.combinedFor(inferenceRows);
    for (let from = 0; from < count; from += combined.rows) {
      const rows = Math.min(combined.rows, count - from);
      this.clear(combined);
      for (const [p, part] of this.parts.entries()) {
        const own = latents[p]!.subarray(from * latent, (from + rows) * latent);
        part.network.visit(part.polynomial.evaluate(own, rows), rows, (raw, at, n) => {
          for (let b = 0; b < n; b++) addRow(raw, b, { rows: combined, row: at + b, part });
        });
      }
      visit(combined, from, rows);
    }
  }

  /**
   * Forward pass of training.
   * @param z latents of each network, [B · latent]
   * @returns raw outputs, to be replaced by the gradient of the loss in them before {@link backward}
   */
  forward(z: Float32Array[], count: number, random: Random): Rows {
    const rows = this.parts.map(({ polynomial, network }, p) =>
      network.forward(polynomial.evaluate(z[p]!, count), count, random),
    );
    this.tape = { z, rows, count };
    if (this.isWhole) return rows[0]!;
    const all = this.combinedFor(count);
    this.clear(all);
    for (const [p, part] of this.parts.entries()) {
      for (let b = 0; b < count; b++) addRow(rows[p]!, b, { rows: all, row: b, part });
    }
    return all;
  }

  /**
   * One step of the networks after {@link forward}.
   * @param raw what `forward` returned, holding the gradient
   * @returns the gradient in the latents of each network, [B · latent]
   */
  backward(raw: Rows, step: AdamStep): Float32Array[] {
    const { z, rows, count } = this.tape!;
    return this.parts.map(({ polynomial, network, columns, alone }, p) => {
      const own = rows[p]!;
      for (let b = 0; own !== raw && b < count; b++) {
        const [at, to] = [b * raw.pitch, b * own.pitch];
        if (alone) own.values.set(raw.values.subarray(at + columns[0]!, at + columns[0]! + own.columns), to);
        else for (let j = 0; j < columns.length; j++) own.values[to + j] = raw.values[at + columns[j]!]!;
      }
      return polynomial.backward(z[p]!, network.backward(step, true)!);
    });
  }

  /**
   * Loads the networks of all blocks but the last from those of another decoder, whose blocks these are, and whose latents q follow
   * from the axes z of these blocks by q = gain·z + offset, axis by axis. Decoded models are those of the other decoder.
   * @throws RangeError if names or shapes differ
   */
  loadEarlier(arrays: readonly NamedArray[], { gain, offset }: AxisChange): void {
    const last = this.blocks.length - 1;
    for (const [p, { network, polynomial, block }] of this.parts.entries()) {
      if (block === last) continue;
      const prefix = prefixOf(p);
      const own = arrays
        .filter((a) => a.name.startsWith(prefix))
        .map((a) => ({ ...a, name: a.name.slice(prefix.length) }));
      const [weight, bias] = ["weight0", "bias0"].map((name) => own.find((a) => a.name === name));
      if (!weight || !bias) throw new RangeError(`weights ${prefix}weight0: expected numbers, found nothing`);
      const changed = polynomial.changed({ gain, offset }, weight.data, bias.data);
      network.load([
        ...own.filter((a) => a !== weight && a !== bias),
        { ...weight, data: changed.weights },
        { ...bias, data: changed.bias },
      ]);
    }
  }

  /** All weights, for a checkpoint. */
  save(): NamedArray[] {
    return this.parts.flatMap(({ network }, p) =>
      network.save().map((a) => ({ ...a, name: `${prefixOf(p)}${a.name}` })),
    );
  }

  /** Restores what {@link save} returned. @throws RangeError if names or shapes differ */
  load(arrays: readonly NamedArray[]): void {
    for (const [p, { network }] of this.parts.entries()) {
      const prefix = prefixOf(p);
      const own = arrays.filter((a) => a.name.startsWith(prefix));
      network.load(own.map((a) => ({ ...a, name: a.name.slice(prefix.length) })));
    }
  }
}

/** The first network has the names of the only one in runs of earlier versions. */
function prefixOf(part: number): string {
  return part === 0 ? "" : `part${part}.`;
}

/** Adds a row of the outputs of a part to its raw outputs. */
function addRow(source: Rows, row: number, to: { rows: Rows; row: number; part: DecoderPart }): void {
  const { columns, alone } = to.part;
  const [from, at] = [row * source.pitch, to.row * to.rows.pitch];
  if (alone) to.rows.values.set(source.values.subarray(from, from + source.columns), at + columns[0]!);
  else for (let j = 0; j < columns.length; j++) to.rows.values[at + columns[j]!]! += source.values[from + j]!;
}
