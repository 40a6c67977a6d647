import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import type { AxisRoles } from "../../network/decoder";
import type { GaussianDecoder } from "../../network/gaussianDecoder";
import type { Varied } from "../../network/head";
import type { AxisReduction } from "../../network/latentFrame";
import { gatherColumns } from "../batches";
import { decoderOf, type PlaceDecoder } from "../posterior/decoders";
import { changeBase } from "../secondRound/baseModels";
import type { UnitAssembly } from "../units/unitAssembly";

/** Networks with the axes that a run trained. */
export interface DecoderNetworks {
  readonly spec: { readonly latent: number };
  readonly head: GaussianDecoder["head"];
  /** What the axes change. */
  readonly roles: AxisRoles;
  /** What decodes, for a copy of it. */
  readonly gaussianDecoder: GaussianDecoder;
  /** Gaussians [n · 5N] at latents [n · latent]. */
  decode(z: Float32Array, count: number): Float32Array;
  /** The same as the networks were trained, without an `AxisReduction`. */
  decodeTrained(z: Float32Array, count: number): Float32Array;
  /** Releases the threads, if there are any. */
  dispose(): void;
}

/** What a {@link RunDecoder} decodes with. */
export interface DecoderParts {
  neutral: GaussianModel;
  /** For each Gaussian 1 if the networks may change it. Undefined if they may change all. */
  free: Uint8Array | undefined;
  model: DecoderNetworks;
  units: UnitAssembly;
  /** That of the run from which a second round started, if its axes are the first of this one. */
  parent: RunDecoder | undefined;
}

/**
 * From the latent space of a run to Gaussians. In a second round with fixed axes, the first coordinates are decoded by the run that it
 * started from, and the others change the result.
 */
export class RunDecoder {
  /** The neutral model of a unit. */
  private readonly unit: GaussianModel;

  /** @param parts readable, so that the decoder can be packed for a page */
  constructor(readonly parts: DecoderParts) {
    this.unit = parts.units.first(parts.neutral);
  }

  /** Dimensions of the latent space. */
  get latent(): number {
    const { parent, model } = this.parts;
    return (parent?.latent ?? 0) + model.spec.latent;
  }

  /** What the axes change. */
  get roles(): AxisRoles {
    const { model, parent } = this.parts;
    if (!parent) return model.roles;
    const own = (axes: number[]) => axes.map((axis) => parent.latent + axis);
    return {
      position: [...parent.roles.position, ...own(model.roles.position)],
      density: [...parent.roles.density, ...own(model.roles.density)],
    };
  }

  /** For each Gaussian 1 if decoding may change it, [N]; undefined if it may change all. */
  get moving(): Uint8Array | undefined {
    const { neutral, free, units, parent } = this.parts;
    if (parent) {
      const before = parent.moving;
      return before && free?.map((flag, i) => flag | before[i]!);
    }
    if (units.count === 1) return free;
    const own = neutral.count / units.count;
    return Uint8Array.from({ length: neutral.count }, (_, i) => (i < own && free?.[i] !== 0 ? 1 : 0));
  }

  /** Decodes whole particles from the places of all their units, on the axes that the run trained, as they were trained. */
  get ofTrainedAxes(): PlaceDecoder {
    const { units, model, neutral } = this.parts;
    return units.decoder(decoderOf(model), neutral.count / units.count);
  }

  /** By how much less is decoded along the axes that the run trained; undefined: as much as was trained. */
  get reduction(): AxisReduction | undefined {
    return this.parts.model.gaussianDecoder.frame?.reduction;
  }

  /** Decodes whole particles from the places of all their units, on all axes, as they were trained. */
  get ofAllAxes(): PlaceDecoder {
    return this.onAllAxes(false);
  }

  /** The same, as it is shown. */
  get reduced(): PlaceDecoder {
    return this.onAllAxes(true);
  }

  private onAllAxes(reduced: boolean): PlaceDecoder {
    const { units, neutral, parent, model } = this.parts;
    const ofUnit = parent
      ? { latent: this.latent, decode: (z: Float32Array) => this.modelsAt(z, reduced) }
      : decoderOf(model, reduced);
    return units.decoder(ofUnit, neutral.count / units.count);
  }

  /** Kinds of parameters that the axes vary that the run trained. */
  get vary(): readonly Varied[] {
    return this.parts.model.head.vary;
  }

  /** Units of a particle. */
  get units(): number {
    return this.parts.units.count;
  }

  /** The columns of the axes that the run trained, of values on all axes, [n · latent]. */
  trained(values: Float32Array): Float32Array {
    return gatherColumns(values, this.latent, this.axesOf("new"));
  }

  /**
   * A model at a place on all axes.
   * @throws InputError unless z has a finite number for each dimension
   */
  decode(z: ArrayLike<number>): GaussianModel {
    const at = Float32Array.from(z);
    if (at.length !== this.latent || !at.every(Number.isFinite)) {
      throw new InputError("z", `${this.latent} numbers`, JSON.stringify(Array.from(z)));
    }
    const { units, neutral } = this.parts;
    return units.withFirst(neutral, this.modelsAt(at));
  }

  /**
   * Models at places on all axes, [n · latent].
   * @returns [n · 5N]
   * @throws InputError unless each place has a finite number for each dimension
   */
  decodeMany(points: Float32Array): Float32Array {
    const { latent } = this;
    if (points.length % latent !== 0 || !points.every(Number.isFinite)) {
      throw new InputError("points", `rows of ${latent} finite numbers`, `${points.length} numbers`);
    }
    const { units, neutral } = this.parts;
    return units.withFirsts(neutral, this.modelsAt(points));
  }

  /** First units at places on all axes, [n · latent]. Fixed axes are as a second round had them: as they are shown. */
  private modelsAt(points: Float32Array, reduced = true): Float32Array {
    const { latent } = this;
    const { unit } = this;
    const { model, parent } = this.parts;
    const count = points.length / latent;
    const decode = (z: Float32Array) => (reduced ? model.decode(z, count) : model.decodeTrained(z, count));
    if (!parent) return decode(points);
    const models = parent.modelsAt(gatherColumns(points, latent, this.axesOf("fixed")));
    const changed = decode(gatherColumns(points, latent, this.axesOf("new")));
    const width = unit.params.length;
    for (let from = 0; from < models.length; from += width) {
      const own = models.subarray(from, from + width);
      changeBase(unit, own, changed.subarray(from, from + width), own);
    }
    return models;
  }

  /** The axes that are those of the run that this one started from, or those that it trained. */
  private axesOf(which: "fixed" | "new"): number[] {
    const inherited = this.parts.parent?.latent ?? 0;
    const all = Array.from({ length: this.latent }, (_, d) => d);
    return all.filter((axis) => axis < inherited === (which === "fixed"));
  }

  /** Releases the networks. */
  close(): void {
    this.parts.parent?.close();
    this.parts.model.dispose();
  }
}
