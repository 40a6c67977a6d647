import { type Picture, Widget } from "tslab-widgets";
import type { Figure } from "../display/figure";
import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { ParticleSet } from "../particles/particleSet";
import type { TaskOptions } from "../progress";
import type { Reconstruction } from "../reconstruction/reconstruct";
import type { Run } from "../training/runs/run";
import type { TrainingSettings } from "../training/settings";
import type { EpochReport } from "../training/trainer";
import type { NamedSet, SetTable } from "../workbench/setTable";
import { Workbench } from "../workbench/workbench";
import { ExplorerAtoms } from "./atoms/explorerAtoms";
import { BackgroundJobs } from "./backgroundJobs";
import { ExploredRun, type ExploredRunSource } from "./exploredRun";
import type { ExploreOptions } from "./exploreOptions";
import { type ExportOptions, type ExportResult, exportFile } from "./explorerExport";
import { type ExplorerTraits, explorerKind, makeChildren } from "./explorerKind";
import type { ExplorerParts } from "./explorerParts";
import { ExplorerPath } from "./explorerPath";
import { explorerPicture } from "./explorerPicture";
import type { ExplorerRequest, ExportKind } from "./explorerState";
import type { GaussianViewer } from "./gaussianViewer/gaussianViewer";
import { LatentAnalyses } from "./latentAnalyses";
import type { LatentScatter } from "./latentScatter/latentScatter";
import { type ExportedPage, exportExplorerPage, type PageOptions } from "./page/exportPage";
import { setMontage } from "./particleMontage";
import { PathMotion } from "./pathMotion";
import { epochState, runState, setStates } from "./publishedState";
import { ExplorerRegion } from "./region/explorerRegion";
import { RequestServer } from "./requestServer";
import { SavedWork } from "./savedWork";
import { ScatterColumns } from "./scatterColumns";
import { SecondPlot } from "./secondPlot";
import { SentDecoder } from "./sentDecoder";
import type { Clustering } from "./sets/clusterings";
import { type PathDivision, PathSets, type PathSetsOptions } from "./sets/pathSets";
import { SetReconstructions } from "./sets/setReconstructions";
import { ShownVerdict } from "./shownVerdict";
import { StateDifference } from "./stateDifference";
import { TrainingFollower } from "./trainingFollower";

/**
 * The latent space of a run beside its molecule: the Gaussians follow the probe that is dragged through the scatter. A
 * table of particle sets, made by selecting, clustering or dividing a path, from which maps are reconstructed in the
 * background. Every action of a page is also available as a method.
 *
 * Created by {@link explore} and {@link exploreTraining}; displayed as the value of a cell.
 *
 * Design: this class only connects components, and changes flow one way.
 * - A page sends a request; `RequestServer` calls a method of this class, which delegates to a component.
 * - The component changes the owner of the state: `ExploredRun` (run, latent coordinates, particles), `SetTable` (sets),
 *   `SetReconstructions` (their maps), `LatentScatter` (probe, path, selection) or `GaussianViewer` (3-D view).
 * - The owner notifies a handler in `connect`, which updates what depends on it and publishes traits for the pages.
 *
 * @example
 * ```ts
 * const explorer = await e2.explore("RUN");
 * explorer.scatter.select([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
 * explorer.setFromSelection("chosen");
 * await explorer.export("particles", "chosen.star", { set: "chosen", overwrite: true });
 * explorer.close();
 * ```
 */
export class Explorer extends Widget<ExplorerTraits> {
  /** The particles in the latent space, with probe, path and selection. */
  readonly scatter: LatentScatter;
  /** The Gaussians at the probe, with maps and motions. */
  readonly viewer: GaussianViewer;
  /** The particle sets. */
  readonly sets: SetTable;
  /** What is kept in the run folder: the sets, paths, views, notes; with undo and redo. */
  readonly workbench: Workbench;
  /** Keeps the drawn path and what is shown under names, and shows them again. */
  readonly saved: SavedWork;
  /** A part of the molecule: measured, kept as a mask, trained on. */
  readonly region: ExplorerRegion;
  /** An atomic model over the Gaussians, carried along their motion. */
  readonly atoms: ExplorerAtoms;
  /**
   * The finished run of the training started by {@link exploreTraining}; rejects if the training fails or is stopped. For
   * an opened run, that run.
   */
  training: Promise<Run>;

  private readonly explored: ExploredRun;
  private readonly options: ExploreOptions;
  private readonly jobs = new BackgroundJobs();
  private readonly columns: ScatterColumns;
  private readonly path: ExplorerPath;
  private readonly pathSets: PathSets;
  private readonly motion: PathMotion;
  private readonly analyses: LatentAnalyses;
  private readonly reconstructions: SetReconstructions;
  private readonly difference: StateDifference;
  private readonly secondPlot: SecondPlot;
  private readonly verdict: ShownVerdict;
  private readonly follower: TrainingFollower;

  /** @internal Use {@link explore}. */
  constructor(source: ExploredRunSource, options: ExploreOptions, status = "") {
    const explored = new ExploredRun(source);
    const { scatter, viewer } = makeChildren(explored, { free: source.free, title: options.title });
    super(explorerKind, { scatter, viewer, status });
    this.explored = explored;
    this.options = options;
    this.scatter = scatter;
    this.viewer = viewer;
    this.workbench = source.workbench ?? new Workbench(explored.count);
    this.sets = this.workbench.sets;
    const { jobs, sets, workbench } = this;
    const parts: ExplorerParts = { page: this, explored, scatter, viewer, sets, workbench, jobs };
    this.columns = new ScatterColumns(parts, options.columns ?? []);
    this.path = new ExplorerPath(parts);
    this.pathSets = new PathSets(parts, this.path);
    this.motion = new PathMotion(parts, this.path);
    this.analyses = new LatentAnalyses(parts);
    this.reconstructions = new SetReconstructions(parts, options, () => this.publishSets());
    this.difference = new StateDifference(parts, this.reconstructions, () => this.model);
    this.verdict = new ShownVerdict(parts);
    this.follower = new TrainingFollower(parts, this.verdict);
    this.secondPlot = new SecondPlot(scatter, (second) => this.set({ second }));
    this.saved = new SavedWork(parts, this.secondPlot);
    this.region = new ExplorerRegion(parts);
    this.atoms = new ExplorerAtoms(parts, () => this.model);
    this.training = explored.run ? Promise.resolve(explored.run) : new Promise(() => {});
    this.connect();
    try {
      this.set({ run: runState(explored), history: (explored.run?.history ?? []).map(epochState) });
      if (source.knowledge) this.verdict.show(source.knowledge);
      this.columns.offer();
      this.viewer.setMean(explored.meanModel);
      this.showProbe();
      this.setsChanged();
    } catch (error) {
      this.close();
      throw error;
    }
    explored.own(source.owned);
  }

  /** The run, or its latest checkpoint during a training; undefined before the first epoch. */
  get run(): Run | undefined {
    return this.explored.run;
  }

  /** The particles, if their file can be used. */
  get particles(): ParticleSet | undefined {
    return this.explored.particles;
  }

  /** The Gaussian model at the probe. */
  get model(): GaussianModel {
    return this.explored.decode(this.scatter.probe);
  }

  /** Connects the owners of state to their dependents. */
  private connect(): void {
    const { explored, reconstructions, scatter, sets, viewer } = this;
    scatter.observe("probe", () => {
      this.showProbe();
      this.difference.probeMoved();
    });
    viewer.observe("maps", () => {
      reconstructions.viewerMapsChanged();
      this.difference.viewerChanged();
    });
    viewer.observe("second", () => this.difference.viewerChanged());
    sets.onChange(() => this.setsChanged());
    explored.onRun((first) => {
      this.viewer.setMean(explored.meanModel);
      this.showProbe();
      if (first) this.columns.offerOutliers();
      if (first) void this.keepWork();
    });
    explored.onLatents((previousCount) => {
      const { count, latents, deviations } = explored;
      scatter.setLatents(latents, deviations);
      if (count !== previousCount) {
        sets.reset(count);
        this.columns.offer();
      }
      this.columns.offerDeviations();
      this.set({ run: runState(explored) });
    });
    const server = new RequestServer(this, () => this.path.note);
    const decoder = new SentDecoder({ page: this, explored }, (...message) => this.send(...message));
    this.onMessage(async (content) => {
      if (decoder.answer(content)) return;
      this.send(await server.answer(content as ExplorerRequest & { id: string }));
    });
  }

  private showProbe(): void {
    try {
      const { model } = this;
      this.viewer.show(model);
      this.scatter.set({ probeNote: this.explored.distanceText(this.scatter.probe, model) });
    } catch (error) {
      this.set({ status: (error as Error).message });
    }
  }

  private setsChanged(): void {
    const { reconstructions, scatter, sets } = this;
    reconstructions.setsChanged();
    scatter.setSets([...sets]);
    this.set({ ticked: this.get("ticked").filter((id) => sets.has(id)) });
    this.publishSets();
  }

  /** Keeps in its folder, from the first epoch of a training on, what is made of its run. */
  private async keepWork(): Promise<void> {
    if (this.options.keep === false) return;
    const { folder, count, latent } = this.explored;
    try {
      await this.workbench.attach({ folder, count, latent });
      this.workbench.watch();
    } catch (error) {
      this.set({ status: (error as Error).message });
    }
  }

  private publishSets(): void {
    this.set({ sets: setStates(this.sets, this.reconstructions) });
  }

  /** Makes a set of the particles that are selected in the scatter. @throws InputError if none is */
  setFromSelection(name?: string): NamedSet {
    const { rows } = this.scatter;
    if (rows.length === 0) {
      throw InputError.of("First select particles in the plot, for instance with the lasso.");
    }
    return this.sets.add(rows, name === undefined ? {} : { name });
  }

  /**
   * Clusters the particles by their latent coordinates, in the background, and makes a set of each cluster.
   * @throws InputError before the first epoch and for unusable options; StoppedError when stopped
   */
  cluster(clustering: Clustering, options: TaskOptions = {}): Promise<NamedSet[]> {
    return this.analyses.cluster(clustering, options);
  }

  /**
   * Computes a UMAP of the latent coordinates in the background and shows the particles over it.
   * @throws InputError if the coordinates change meanwhile; StoppedError when stopped
   */
  umap(options: TaskOptions = {}): Promise<void> {
    return this.analyses.umap(options);
  }

  /**
   * Stops clusterings and UMAPs that run or wait; their promises reject with StoppedError.
   * @example
   * ```ts
   * const explorer = await e2.explore("RUN");
   * const umap = explorer.umap().catch((error) => console.log(error.name));
   * explorer.stopAnalysis();
   * await umap;
   * explorer.close();
   * ```
   */
  stopAnalysis(): void {
    this.analyses.stop();
  }

  /**
   * Makes sets of the particles along the path in the scatter, each particle at the nearest point of the path; without a
   * drawn path along `scatter.defaultPath()`. Distances are Euclidean, over all dimensions of the latent space. Particles
   * that are left out are counted in the status.
   *
   * @param along how the path divides the particles
   * @param count number of sets
   * @throws InputError if there are no particles, or none near the path
   */
  setsAlongPath(along: PathDivision, count: number, options: PathSetsOptions = {}): NamedSet[] {
    return this.pathSets.make(along, count, options);
  }

  /**
   * Reconstructs a set in the background (map, half maps and their FSC) and shows the map in the viewer.
   * @param set id or name
   * @throws InputError for a set that is too small, and if the particles are not available; StoppedError when stopped
   */
  reconstruct(set: string): Promise<Reconstruction> {
    return this.reconstructions.reconstruct(set);
  }

  /** Stops the reconstruction of a set; no effect if none is running. @param set id or name */
  stopReconstruction(set: string): void {
    this.reconstructions.stop(this.sets.get(set).id);
  }

  /** Shows the map of a set in the viewer, or hides it. @throws InputError for a set without a map */
  showMap(set: string, shown = true): Promise<void> {
    return this.reconstructions.show(set, shown);
  }

  /**
   * Some particles of a set, each beside the projection of the model at its latent coordinates.
   * @param set id or name
   * @throws InputError if particles or a model are not available
   */
  async montage(set: string): Promise<Figure> {
    return setMontage(this.explored, this.sets.get(set));
  }

  /**
   * Writes a file below the working folder: the particles of a set as STAR with their latent coordinates; the map of a set
   * as MRC, with half maps and FSC beside it; the model at the probe as text or PDB, or its density as MRC; all of it as an
   * interactive page, see {@link exportPage}.
   *
   * @param file relative path that ends in `.star`, `.mrc`, `.txt`, `.pdb` or `.html`
   * @throws InputError for a path that leads elsewhere, and for an existing file unless `overwrite` is set
   */
  export(what: ExportKind, file: string, options: ExportOptions = {}): Promise<ExportResult> {
    const { explored, sets, reconstructions } = this;
    const page = (target: string, own: PageOptions) => this.exportPage(target, own);
    return exportFile(
      { explored, sets, reconstructions, model: () => this.model, page },
      what,
      file,
      options,
    );
  }

  /**
   * Writes what the explorer shows as one HTML file that lives without kernel, server and network: scatter, molecule, sets, maps
   * that are shown, and the decoder itself. See `e2.exportPage`.
   * @throws InputError before the first epoch, and for an existing file unless `overwrite` is set; StoppedError
   */
  exportPage(file: string, options: PageOptions = {}): Promise<ExportedPage> {
    const { explored, scatter, second, viewer, sets } = this;
    const busy = (text: string) => this.set({ busy: text });
    return exportExplorerPage({ explored, scatter, second, viewer, sets }, file, options, busy);
  }

  /**
   * Plays the motion along the path in the viewer; without a drawn path along `scatter.defaultPath()`.
   * @throws InputError before the first epoch of a training, and for a path of one station
   */
  playPath(): void {
    this.motion.play();
  }

  /** Moves the probe to a frame of the motion that was played last. @throws InputError if there is no such frame */
  showFrame(frame: number): void {
    this.motion.showFrame(frame);
  }

  /** Draws the motion from the first station of the path to the last as arrows, or removes them. */
  showArrows(shown = true): void {
    this.motion.showArrows(shown);
  }

  /**
   * Shows the difference of two states in two colours, blue where the first has more density and vermilion where the second has: of the
   * maps of two sets, at the coarser of their resolutions; or of the state at the probe and the pinned one, which follows the probe.
   * @param sets ids or names of two sets that are reconstructed; none: the probe and the pinned state; null removes the difference
   * @returns what is shown, in words
   * @throws InputError for another number of sets, a set without a map, without a pinned state, and where nothing differs
   * @example
   * ```ts
   * const explorer = await e2.explore("RUN");
   * explorer.viewer.overlay(explorer.model);
   * explorer.scatter.probe = [1, 0];
   * console.log(await explorer.showDifference());
   * ```
   */
  async showDifference(sets: readonly string[] | null = []): Promise<string> {
    if (sets) return this.difference.show(sets);
    this.difference.hide();
    return "";
  }

  /** The second plot; undefined while it is hidden. See {@link showSecondPlot}. */
  get second(): LatentScatter | undefined {
    return this.secondPlot.plot;
  }

  /**
   * Shows the same particles over other axes in a second plot, or hides it. Selection, sets, colours, probe and path are those of
   * the first plot, and follow changes in either.
   * @returns the second plot; undefined if it is hidden
   * @example
   * ```ts
   * const explorer = await e2.explore("RUN");
   * const second = explorer.showSecondPlot();
   * second?.set({ x: "PC 1", y: "PC 2" });
   * explorer.close();
   * ```
   */
  showSecondPlot(shown = true): LatentScatter | undefined {
    this.secondPlot.show(shown);
    return this.second;
  }

  /**
   * Shows the results of one epoch; pass it to `train` as `onEpoch`. Scatter, curves and model become those of the epoch;
   * probe, view and selection stay.
   */
  readonly follow = (report: EpochReport, latents: Float32Array): void => {
    this.follower.follow(report, latents);
  };

  /** @internal Starts a training that the explorer follows. */
  begin(settings: TrainingSettings, options: TaskOptions): void {
    this.training = this.follower.begin(settings, this.options.latents ?? "refined", options);
  }

  /** Stops the training that {@link exploreTraining} has started; its last checkpoint stays. */
  stopTraining(): void {
    this.follower.stop("stopped");
  }

  override picture(): Picture {
    return explorerPicture(this.scatter.picture(), this.viewer.picture(), this.state);
  }

  /** Stops a training and background work, and closes what the explorer has opened. */
  override close(): void {
    if (this.closed) return;
    super.close();
    this.follower.stop("the explorer was closed");
    void this.jobs.close();
    void this.saved.close();
    this.secondPlot.close();
    this.scatter.close();
    this.viewer.close();
    this.explored.close();
  }
}
