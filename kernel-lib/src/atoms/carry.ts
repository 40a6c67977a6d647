import { InputError } from "../errors";
import { Pacing } from "../latent/pacing";
import type { GaussianModel } from "../model/gaussianModel";
import { beginTask, type TaskOptions } from "../progress";
import { type FittedBeads, fitBeads } from "./agreement";
import type { AtomModel } from "./atomModel";
import { AtomMotion } from "./atomMotion";
import { BeadFit } from "./beadFit";
import { type Beads, beadsOf } from "./beads";
import { type Blobs, blobsOf, correlation, overlaps } from "./blobs";
import { distanceChanges } from "./bonds";
import { carryPoints } from "./displacementField";
import { ElasticNetwork } from "./elasticNetwork";
import { Restraints } from "./restraints";
import { moveGroups, type RigidGroups, rigidGroups } from "./rigidGroups";
import { type Leg, routeThrough } from "./route";
import { type Decoder, nearestPlace, rowsOf } from "./startPlace";

/** Options of {@link carryAtoms}. */
export interface CarryOptions extends TaskOptions {
  /** The place at which the model is, [latent]. Default: of the given places the one most like it; see `nearestPlace`. */
  start?: ArrayLike<number>;
  /**
   * After every step moves the atoms into the decoded density. False follows the displacements of the Gaussians alone,
   * which slip along each other where a motion is large. Default true.
   */
  density?: boolean;
  /** What moves as a rigid body. Default: nothing */
  rigid?: RigidGroups;
  /** Called with sentences about what may be wrong. */
  onWarning?: (warning: string) => void;
}

/** A model at one place. */
export interface CarriedModel {
  /** The place, [latent]. */
  place: number[];
  /** Positions of the atoms in Å, [atoms · 3]. */
  positions: Float64Array;
  /** Root mean square displacement of the atoms from the start in Å. */
  displacement: number;
  /** Largest displacement of an atom in Å. */
  largestDisplacement: number;
  /** Root mean square change of bond lengths in Å. */
  bondChange: number;
  /** Largest change of a bond length in Å. */
  largestBondChange: number;
  /** Correlation of the atoms' density with the decoded one, as far as it belongs to the model at the start. */
  correlation: number;
}

/** A model carried to several places. */
export interface CarriedAtoms {
  /** The start model. */
  model: AtomModel;
  /** Where it is, and how well it lies in the density there. */
  start: { place: number[]; correlation: number; outside: number };
  /** The carried models, in the order of the places. */
  models: CarriedModel[];
}

/** In Å: steps between two states have no larger root mean square displacement of the Gaussians. */
const longestStep = 1.5;
/** Fraction of atoms outside of the density from which on it is reported. */
const manyOutside = 0.1;
/** Correlation below which a model does not describe the density. */
const lowCorrelation = 0.7;
/** In Å: longer bonds are torn. */
const tornBond = 0.3;

/**
 * Carries an atomic model to places of a latent space. The model is divided into beads, about two for each residue. From
 * state to state they follow the displacements of the Gaussians (moving least squares), and are then placed into the
 * decoded density, held together by an elastic network; atoms turn and shift with their beads; bonds, angles and planes
 * keep their distances. A model is unchanged at its start place, since displacements are counted from where the same fit
 * places the beads there.
 *
 * Places are reached from the nearest that was reached before, so every model depends on the way to it: give places of
 * the population rather than of empty regions.
 *
 * @param run    a run, or anything else that decodes places
 * @param places [n · latent]
 * @throws InputError if the model lies outside of the density, and for invalid places and rigid groups
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { stations } = e2.latent.pathThrough([-1, 0, 1, 0], run.latent, 3);
 * const motion = await e2.atoms.carry(run, await e2.atoms.read("start.pdb"), stations);
 * await e2.atoms.write("motion.cif", motion);
 * ```
 */
export async function carryAtoms(
  run: Decoder,
  model: AtomModel,
  places: ArrayLike<number>,
  options: CarryOptions = {},
): Promise<CarriedAtoms> {
  const task = beginTask(options);
  const rows = rowsOf(places, run.latent);
  const group = options.rigid === undefined ? undefined : rigidGroups(model, options.rigid);
  const start = options.start
    ? rowsOf(options.start, run.latent)[0]!
    : (await nearestPlace(run, model, places, task)).place;
  const states = [start, ...rows].map((z) => run.decode(z));
  const beads = beadsOf(model);
  const fitted = fitBeads(model, beads, states[0]!);
  const placement = new Placement({ beads, fitted, group, state: states[0]! }, options.density ?? true, task);
  const atStart = placement.correlation(beads.centres, states[0]!);
  warnOfFit(model, { outside: fitted.outside, correlation: atStart }, options.onWarning);
  const centres = await placement.alongRoute(run, [start, ...rows], routeThrough(states));
  const motion = new AtomMotion(model, beads, centres[0]!);
  const restraints = new Restraints(model, group);
  const pacing = new Pacing(task);
  const models: CarriedModel[] = [];
  for (const [k, place] of rows.entries()) {
    const positions = motion.atoms(centres[k + 1]!);
    if (group) moveGroups(model, group, positions);
    restraints.apply(positions);
    const fit = placement.correlation(centres[k + 1]!, states[k + 1]!);
    models.push({ place, positions, correlation: fit, ...changes(model, restraints, positions) });
    pacing.report("atoms", k + 1, rows.length);
    await pacing.yield();
  }
  warnOfBonds(models, options.onWarning);
  return { model, start: { place: start, correlation: atStart, outside: fitted.outside }, models };
}

function changes(model: AtomModel, { distances }: Restraints, positions: Float64Array) {
  let [sum, largest] = [0, 0];
  for (let i = 0; i < model.count; i++) {
    let squared = 0;
    for (let k = 3 * i; k < 3 * i + 3; k++) squared += (positions[k]! - model.positions[k]!) ** 2;
    sum += squared;
    largest = Math.max(largest, squared);
  }
  const bonds = distanceChanges(distances.bonds, positions);
  return {
    displacement: Math.sqrt(sum / model.count),
    largestDisplacement: Math.sqrt(largest),
    bondChange: bonds.rms,
    largestBondChange: bonds.largest,
  };
}

function warnOfFit(
  model: AtomModel,
  { outside, correlation: fit }: { outside: number; correlation: number },
  onWarning: CarryOptions["onWarning"],
): void {
  if (outside > manyOutside) {
    const percent = (100 * outside).toFixed(0);
    onWarning?.(
      `${percent} % of the atoms of ${model.file} lie outside of the Gaussians and follow their neighbours`,
    );
  }
  if (fit < lowCorrelation) {
    onWarning?.(
      `${model.file} does not describe the density at the start (correlation ${fit.toFixed(2)}): fit it into the map ` +
        "first, or give the place that it belongs to",
    );
  }
}

function warnOfBonds(models: readonly CarriedModel[], onWarning: CarryOptions["onWarning"]): void {
  const worst = models.reduce((most, each) => Math.max(most, each.largestBondChange), 0);
  if (worst > tornBond)
    onWarning?.(`bonds are stretched by up to ${worst.toFixed(1)} Å, as between rigid groups`);
}

/** The beads at the start. */
interface StartBeads {
  beads: Beads;
  fitted: FittedBeads;
  /** Rigid group of each atom. */
  group: Int32Array | undefined;
  state: GaussianModel;
}

/** Places the beads at one state after the other. */
class Placement {
  private readonly fit: BeadFit;
  /** Share of each Gaussian that belongs to the model. */
  private readonly shares: Float64Array;

  constructor(
    private readonly begin: StartBeads,
    private readonly density: boolean,
    private readonly task: TaskOptions,
  ) {
    const { beads, fitted, group, state } = begin;
    const groups = group && beads.firstAtoms.map((i) => group[i]!);
    this.fit = new BeadFit(fitted.beads, new ElasticNetwork(beads, groups));
    this.shares = sharesOf(fitted.beads, blobsOf(state));
  }

  /** Correlation of the beads with the model's share of a state's density. */
  correlation(centres: Float64Array, state: GaussianModel): number {
    return correlation({ ...this.begin.fitted.beads, centres }, this.target(state));
  }

  /** Centres of the beads at each place; `places[0]` is the start. */
  async alongRoute(
    run: Decoder,
    places: readonly (readonly number[])[],
    legs: readonly Leg[],
  ): Promise<Float64Array[]> {
    const centres: Float64Array[] = [];
    const { beads, state } = this.begin;
    centres[0] = beads.centres.slice();
    if (this.density) await this.fit.place(centres[0], this.target(state), this.task.signal);
    const steps = legs.map(({ length }) => (this.density ? Math.ceil(length / longestStep) : 1));
    const total = steps.reduce((sum, count) => sum + count, 0);
    let done = 0;
    for (const [l, { from, to }] of legs.entries()) {
      // The field alone is exact only from the start.
      const origin = this.density ? from : 0;
      let at = centres[origin]!.slice();
      let before = this.target(run.decode(places[origin]!));
      for (let step = 1; step <= steps[l]!; step++) {
        const z = places[origin]!.map((x, d) => x + (step / steps[l]!) * (places[to]![d]! - x));
        const after = this.target(run.decode(z));
        at = await this.step(at, before, after);
        before = after;
        this.task.onProgress?.({ task: "states", done: ++done, total });
      }
      centres[to] = at;
    }
    return centres;
  }

  private async step(centres: Float64Array, before: Blobs, after: Blobs): Promise<Float64Array> {
    const carried = carryPoints(centres, before, after);
    if (!this.density) return carried;
    const best = this.fit.energy(carried, after) < this.fit.energy(centres, after) ? carried : centres;
    await this.fit.place(best, after, this.task.signal);
    return best;
  }

  private target(state: GaussianModel): Blobs {
    if (state.count !== this.shares.length) {
      throw new InputError("places", `states of ${this.shares.length} Gaussians`, String(state.count));
    }
    return blobsOf(state, this.shares);
  }
}

/**
 * The share of each Gaussian's density that the beads explain at the start, 0 to {@link mostShare}: what belongs to other
 * molecules must not attract them.
 */
function sharesOf(beads: Blobs, gaussians: Blobs): Float64Array {
  const ofBeads = overlaps(gaussians, beads);
  const ofAll = overlaps(gaussians, gaussians);
  return ofBeads.map((value, j) => (ofAll[j]! > 0 ? Math.min(value / ofAll[j]!, mostShare) : 0));
}

const mostShare = 3;
