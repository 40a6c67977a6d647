import { InputError } from "../errors";
import { columnsOf } from "../latent/selection";
import type { GaussianModel } from "../model/gaussianModel";
import { stateChange } from "../model/stateChange";
import type { ParticleSet } from "../particles/particleSet";
import { angstromText, percentText } from "../training/axes/latentAxis";
import type { Run } from "../training/runs/run";
import type { Workbench } from "../workbench/workbench";
import type { RunKnowledge } from "./runKnowledge";

/** Changes of the density below this are not worth a word. */
const leastDensity = 0.005;

/** Anything with a file handle or memory to release. */
export interface Closeable {
  close(): unknown;
}

/** Data to open an explorer with. */
export interface ExploredRunSource {
  /** Run folder. */
  folder: string;
  /** Dimensions of the latent space. */
  latent: number;
  /** Shown until there is a run. */
  neutral: GaussianModel;
  /** 1 for each Gaussian that training may move; undefined: all. */
  free: Uint8Array | undefined;
  /** Undefined until a training has finished its first epoch. */
  run: Run | undefined;
  /** Latent coordinates, [particles · latent]; empty before the first epoch. */
  latents: Float32Array;
  /** Their standard deviations, [particles · latent]; undefined for the encoder's coordinates. */
  deviations?: Float32Array | undefined;
  /** What the run knows about itself; undefined before there is one. */
  knowledge?: RunKnowledge | undefined;
  /** Undefined if the particle file cannot be used. */
  particles: ParticleSet | undefined;
  /** Why the particles are not available; null if they are. */
  withoutParticles: string | null;
  /** What was made before in the explorers of the run; undefined if nothing is to be kept, or the run does not exist yet. */
  workbench?: Workbench | undefined;
  /** Resources opened for this explorer, which closes them (unless its construction fails). */
  owned: readonly Closeable[];
}

/**
 * The data of an explorer: the run or its latest checkpoint, the latent coordinates of the particles, and the particles.
 * Only a training changes them; listeners are called after each change. Independent of widgets.
 */
export class ExploredRun {
  /** Run folder. */
  readonly folder: string;
  /** Dimensions of the latent space. */
  readonly latent: number;
  /** The neutral model. */
  readonly neutral: GaussianModel;
  /** The particles, if their file can be used. */
  readonly particles: ParticleSet | undefined;
  /** Why the particles are not available; null if they are. */
  readonly withoutParticles: string | null;
  private current: Run | undefined;
  /** The mean state, to which others are compared. */
  private mean: { run: Run; model: GaussianModel } | undefined;
  private coordinates: Float32Array;
  private errors: Float32Array | undefined;
  private closed = false;
  private readonly owned = new Set<Closeable>();
  private readonly runHandlers: ((first: boolean) => void)[] = [];
  private readonly latentHandlers: ((previousCount: number) => void)[] = [];

  constructor({
    folder,
    latent,
    neutral,
    particles,
    withoutParticles,
    run,
    latents,
    deviations,
  }: ExploredRunSource) {
    this.folder = folder;
    this.latent = latent;
    this.neutral = neutral;
    this.particles = particles;
    this.withoutParticles = withoutParticles;
    this.current = run;
    this.coordinates = latents;
    this.errors = deviations;
  }

  /** The run or its latest checkpoint; undefined before the first epoch. */
  get run(): Run | undefined {
    return this.current;
  }

  /** Latent coordinates, [count · latent]; replaced, never modified, by a training. */
  get latents(): Float32Array {
    return this.coordinates;
  }

  /** Standard deviations of the latent coordinates, [count · latent]; undefined for those of an encoder. */
  get deviations(): Float32Array | undefined {
    return this.errors;
  }

  /** Particles that have latent coordinates. */
  get count(): number {
    return this.coordinates.length / this.latent;
  }

  /** Latent coordinates as one array for each dimension. */
  columns(): Float32Array[] {
    return columnsOf(this.coordinates, this.latent);
  }

  /** The model at a latent vector; the neutral model before the first epoch. */
  decode(z: ArrayLike<number>): GaussianModel {
    return this.current ? this.current.decode(z) : this.neutral;
  }

  /** The model at the mean of the particles; undefined before the first epoch. */
  get meanModel(): GaussianModel | undefined {
    const { run } = this;
    if (!run) return undefined;
    if (this.mean?.run !== run) this.mean = { run, model: run.decode(new Float32Array(this.latent)) };
    return this.mean.model;
  }

  /**
   * How far the molecule is from its mean state at a latent vector, in words; empty before the first epoch.
   * @param model at this latent vector. Default: it is decoded
   */
  distanceText(z: ArrayLike<number>, model?: GaussianModel): string {
    const { run } = this;
    if (!run) return "";
    const shown = model ?? run.decode(z);
    const { rms, density } = stateChange(this.meanModel!, shown, run.moving);
    const changed = density > leastDensity ? `, ${percentText(density)} of the density changed` : "";
    const fromNeutral = angstromText(stateChange(this.neutral, shown, run.moving).rms);
    return `${angstromText(rms)} RMS from the mean, ${fromNeutral} from the neutral model${changed}`;
  }

  /** @throws InputError before the first epoch, with a message that there is no `purpose` yet */
  requireRun(purpose: string): Run {
    if (this.current) return this.current;
    throw InputError.of(`The training has not finished its first epoch yet, so there is no ${purpose}.`);
  }

  /** @throws InputError with the reason if the particles are not available */
  requireParticles(): ParticleSet {
    if (this.particles) return this.particles;
    throw InputError.of(this.withoutParticles ?? "The particles of the run are not available.");
  }

  /** Calls `handler` after the run was replaced; `first` is true if there was none before. */
  onRun(handler: (first: boolean) => void): void {
    this.runHandlers.push(handler);
  }

  /** Calls `handler` after new latent coordinates, with the previous number of particles. */
  onLatents(handler: (previousCount: number) => void): void {
    this.latentHandlers.push(handler);
  }

  /** Replaces the run and closes the one before. `owned`: the explorer opened the new one and closes it. */
  setRun(run: Run, { owned }: { owned: boolean }): void {
    const before = this.current;
    this.current = run;
    if (this.closed) {
      run.close();
      return;
    }
    for (const handler of this.runHandlers) handler(before === undefined);
    if (owned) this.owned.add(run);
    if (!before || before === run) return;
    before.close();
    this.owned.delete(before);
  }

  /**
   * Replaces the latent coordinates.
   * @param latents [particles · latent]
   * @param deviations their standard deviations; undefined for those of an encoder
   */
  setLatents(latents: Float32Array, deviations?: Float32Array): void {
    const before = this.count;
    this.coordinates = latents;
    this.errors = deviations;
    if (this.closed) return;
    for (const handler of this.latentHandlers) handler(before);
  }

  /** Adds resources to be closed with the explorer. */
  own(resources: readonly Closeable[]): void {
    for (const one of resources) this.owned.add(one);
  }

  /** Closes what the explorer owns. */
  close(): void {
    this.closed = true;
    for (const one of this.owned) Promise.resolve(one.close()).catch(() => {});
    this.owned.clear();
  }
}
