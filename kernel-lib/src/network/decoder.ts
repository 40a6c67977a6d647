import type { Random } from "../random";
import { DenseNetwork, inferenceRows } from "./denseNetwork";
import type { GaussianHead } from "./head";
import type { NetworkThreads } from "./networkThreads";
import type { AdamStep, NamedArray } from "./parameters";
import { LatentPolynomial } from "./polynomial";
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

/** Architecture of a {@link Decoder}. */
export interface DecoderSpec {
  /** Axes of the latent space. */
  latent: number;
  /** Widths of the hidden layers of a network. */
  hidden: number[];
  form: DecoderForm;
  /** Default: every axis changes everything, by one network. */
  roles?: AxisRoles | undefined;
}

const smallOutput = 1e-2;

/** A run of raw outputs, from `first` on, and the network that computes it from some axes. */
export interface DecoderPart {
  polynomial: LatentPolynomial;
  first: number;
  network: DenseNetwork;
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
  /** Runs of raw outputs, in their order. */
  readonly parts: readonly DecoderPart[];
  /** Raw outputs of all parts, if one part does not compute them all. */
  private combined: Rows | undefined;
  private tape: Tape | undefined;

  /** @param random draws the initial weights; undefined leaves zeros, to be loaded */
  constructor(
    readonly spec: DecoderSpec,
    private readonly head: GaussianHead,
    random: Random | undefined,
    private readonly threads: NetworkThreads,
  ) {
    const all = Array.from({ length: spec.latent }, (_, d) => d);
    const { positions, outputs } = head;
    const runs: { axes: number[]; first: number; end: number }[] = spec.roles
      ? [
          { axes: spec.roles.position, first: 0, end: positions },
          { axes: spec.roles.density, first: positions, end: outputs },
        ]
      : [{ axes: all, first: 0, end: outputs }];
    this.parts = runs
      .filter(({ first, end }) => end > first)
      .map(({ axes, first, end }) => this.part(axes, first, end));
    if (random) this.initialize(random);
  }

  private part(axes: number[], first: number, end: number): DecoderPart {
    const { form, hidden, latent } = this.spec;
    // Parameters that no axis changes are constants, which training fits to the particles.
    const quadratic = form === "quadratic" || axes.length === 0;
    const polynomial = new LatentPolynomial(latent, axes, quadratic ? 2 : 1);
    const spec = {
      inputs: polynomial.terms,
      hidden: quadratic ? [] : hidden,
      outputs: end - first,
      dropout: 0,
      batchNorm: false,
      outputScale: smallOutput,
    };
    return { polynomial, first, network: new DenseNetwork(spec, undefined, this.threads) };
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
      for (const [p, { polynomial, network, first }] of this.parts.entries()) {
        const own = latents[p]!.subarray(from * latent, (from + rows) * latent);
        network.visit(polynomial.evaluate(own, rows), rows, (raw, at, n) => {
          for (let b = 0; b < n; b++) copyRow(raw, b, { rows: combined, row: at + b, column: first });
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
    for (const [p, { first }] of this.parts.entries()) {
      for (let b = 0; b < count; b++) copyRow(rows[p]!, b, { rows: all, row: b, column: first });
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
    return this.parts.map(({ polynomial, network, first }, p) => {
      const own = rows[p]!;
      for (let b = 0; own !== raw && b < count; b++) {
        const at = b * raw.pitch + first;
        own.values.set(raw.values.subarray(at, at + own.columns), b * own.pitch);
      }
      return polynomial.backward(z[p]!, network.backward(step, true)!);
    });
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

/** Copies a row into part of another. */
function copyRow(source: Rows, row: number, to: { rows: Rows; row: number; column: number }): void {
  const at = row * source.pitch;
  to.rows.values.set(source.values.subarray(at, at + source.columns), to.row * to.rows.pitch + to.column);
}
