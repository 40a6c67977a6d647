import type { Picture } from "tslab-widgets";
import { child, Widget, type WidgetKind } from "tslab-widgets";
import { shortNumber } from "../display/checks";
import { InputError, StoppedError } from "../errors";
import { pathLine, pathThrough } from "../latent/path";
import { type PathParts, partsAlongPath } from "../latent/pathParts";
import { columnsOf, intersectRows, rowsByNearest, unionRows } from "../latent/selection";
import { writeMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { describeLeftOut } from "../particles/images/imageOutliers";
import { type ParticleColumn, particleColumn, particleColumns } from "../particles/particleColumns";
import type { ParticleSet } from "../particles/particleSet";
import { latentColumns, writeSelection } from "../particles/writeSelection";
import type { TaskOptions } from "../progress";
import type { Reconstruction } from "../reconstruction/reconstruct";
import { type BackgroundSettings, train } from "../training/background";
import { Run } from "../training/runs/run";
import type { EpochReport } from "../training/trainer";
import { BackgroundJobs, type Jobs, type ParticleSource } from "./backgroundJobs";
import { explorerPicture } from "./explorerPicture";
import { type ExplorerAnswer, type ExplorerRequest, explorerTraits, type SetState } from "./explorerState";
import { type Place, placedLike, writeModel, writeReconstruction } from "./exportedFiles";
import type { DensityMap } from "./gaussianViewer/densityMap";
import { GaussianViewer } from "./gaussianViewer/gaussianViewer";
import { LatentScatter, type LatentScatterOptions } from "./latentScatter/latentScatter";
import { outlierColumn } from "./latentScatter/outlierColumn";
import type { ScatterColumn } from "./latentScatter/table";
import { widgetModule, widgetModuleVersion } from "./module";
import { particleImage, particleMontage } from "./particleMontage";
import type { Clustering } from "./sets/clusterings";
import { type NamedSet, SetTable } from "./sets/particleSets";
import { SetMaps } from "./sets/setMaps";
import { placeBelow } from "./workFolder";

export interface ExploreOptions {
  /** The particles of the run, in its order. Default: those that it was trained on, where their file is still there. */
  particles?: ParticleSet;
  /** Where the stacks are, if not beside the particle file. Default: as in the training. */
  dataFolder?: string;
  /** Further columns to draw over and colour by. */
  columns?: readonly (ScatterColumn | ParticleColumn)[];
  /** Edge in voxels of the maps that are reconstructed; at most that of the images. Default 128, or that of the images. */
  mapBox?: number;
  /** Which places of the particles to show. Default `refined`. */
  latents?: "refined" | "encoder";
  /** Above scatter and viewer. Default none. */
  title?: string;
}

const DEFAULT_MAP_BOX = 128;
/** Edge of the picture of a particle under the pointer, at most. */
const THUMBNAIL = 64;
/** Categories of a column that is offered for colouring, at most. */
const MOST_CATEGORIES = 60;

const missing = (): never => {
  throw new TypeError("an explorer has a scatter and a viewer");
};
const traits = {
  ...explorerTraits,
  scatter: child<LatentScatter>("a LatentScatter", (value) => value instanceof LatentScatter, missing),
  viewer: child<GaussianViewer>("a GaussianViewer", (value) => value instanceof GaussianViewer, missing),
};
const kind: WidgetKind<typeof traits> = {
  modelName: "ExplorerModel",
  modelModule: widgetModule,
  modelModuleVersion: widgetModuleVersion,
  viewName: "ExplorerView",
  viewModule: widgetModule,
  viewModuleVersion: widgetModuleVersion,
  traits,
};

/** What an explorer is made of; `run` is undefined until a training has ended its first epoch. */
export interface ExplorerParts {
  folder: string;
  latent: number;
  neutral: GaussianModel;
  free: Uint8Array | undefined;
  run: Run | undefined;
  latents: Float32Array;
  particles: ParticleSet | undefined;
  withoutParticles: string | null;
  status: string;
  /** What was opened for this explorer alone, and is closed with it. */
  own: { close(): unknown }[];
}

/**
 * The latent space of a run beside its molecule: the Gaussians follow the probe that is dragged through the scatter.
 * Below them a table of particle sets, made by selecting, clustering or cutting a path into parts, from which maps are
 * reconstructed in the background. Everything that can be done by hand can be done by its methods too.
 *
 * Made by {@link explore} and {@link exploreTraining}. Shown by being the value of a cell.
 */
export class Explorer extends Widget<typeof traits> {
  readonly scatter: LatentScatter;
  readonly viewer: GaussianViewer;
  /** The sets of particles. */
  readonly sets: SetTable;
  /** Resolves with the finished run where the explorer was made with a training; else with its own. */
  training: Promise<Run>;

  readonly #parts: ExplorerParts;
  readonly #options: ExploreOptions;
  readonly #jobs = new BackgroundJobs();
  readonly #maps: SetMaps;
  /** What the viewer shows of sets, by their ids. */
  readonly #shownMaps = new Map<string, DensityMap>();
  #reopening: Promise<void> = Promise.resolve();
  #stopTraining: AbortController | undefined;
  /** Places of the frames that the viewer plays. */
  #played: number[][] = [];
  /** What was last said of the path: whence it is, and what it leaves out. */
  #ofPath = "";

  /** @internal Use {@link explore}. */
  constructor(parts: ExplorerParts, options: ExploreOptions) {
    const { latent, latents } = parts;
    const { scatter, viewer } = panes(parts, options.title ?? "", (row) => this.#thumbnail(row));
    super(kind, { scatter, viewer, status: parts.status });
    this.scatter = scatter;
    this.viewer = viewer;
    this.#parts = parts;
    this.#options = options;
    this.sets = new SetTable(latents.length / latent);
    this.#maps = new SetMaps(
      (rows, task) => this.#reconstructRows(rows, task),
      () => this.#tellSets(),
    );
    this.sets.onChange(() => this.#setsChanged());
    scatter.observe("probe", () => this.#decodeProbe());
    viewer.observe("maps", () => this.#mapsChanged());
    this.onMessage((content) => void this.#answer(content as ExplorerRequest & { id: string }));
    this.training = parts.run ? Promise.resolve(parts.run) : new Promise(() => {});
    try {
      this.#tellRun();
      this.#offerColumns();
      this.#decodeProbe();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The run, or its last checkpoint while it is being trained; undefined before the first. */
  get run(): Run | undefined {
    return this.#parts.run;
  }

  /** The particles, where they are at hand. */
  get particles(): ParticleSet | undefined {
    return this.#parts.particles;
  }

  /** The Gaussians at the probe. */
  get model(): GaussianModel {
    const { run, neutral } = this.#parts;
    return run ? run.decode(this.scatter.probe) : neutral;
  }

  #decodeProbe(): void {
    try {
      this.viewer.show(this.model);
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #say(status: string): void {
    this.set({ status });
  }

  #tellRun(): void {
    const { folder, latent, latents, neutral, withoutParticles, run } = this.#parts;
    this.set({
      run: { folder, latent, count: latents.length / latent, gaussians: neutral.count, withoutParticles },
      history: (run?.history ?? []).map(({ start, epoch, rings, trainFrc, heldOutFrc }) => ({
        start,
        epoch,
        rings,
        trainFrc,
        heldOutFrc,
      })),
    });
  }

  /** Columns of the particles, once there are points that have them. */
  #offerColumns(): void {
    const { particles, latents, latent } = this.#parts;
    if (latents.length === 0) return;
    const count = latents.length / latent;
    const offered: (ScatterColumn | ParticleColumn)[] = [...(this.#options.columns ?? [])];
    if (particles?.count === count) {
      for (const { name, inFile } of particleColumns(particles)) {
        if (inFile) continue;
        const column = particleColumn(particles, name);
        if (
          column.kind === "category" &&
          (column.names.length < 2 || column.names.length > MOST_CATEGORIES)
        ) {
          continue;
        }
        offered.push(column);
      }
    }
    for (const column of offered) this.scatter.setColumn(column);
    this.#offerOutliers();
  }

  /** The column that tells which particles do not agree with the neutral model, once there are points and a run. */
  #offerOutliers(): void {
    const { run, latents, latent } = this.#parts;
    if (!run || latents.length !== run.record.particles * latent) return;
    outlierColumn(run).then(
      (column) => {
        if (column && !this.closed) this.scatter.setColumn(column);
      },
      (error: Error) => this.#say(error.message),
    );
  }

  // --- Sets

  /** The latent coordinates, one array for each dimension. */
  #columns(): Float32Array[] {
    return columnsOf(this.#parts.latents, this.#parts.latent);
  }

  /** Makes a set of the particles that are selected in the scatter. @throws InputError where none is */
  setFromSelection(name?: string): NamedSet {
    const { rows } = this.scatter;
    if (rows.length === 0) {
      throw InputError.of("First select particles in the plot, with the lasso for instance.");
    }
    return this.sets.add(rows, name === undefined ? {} : { name });
  }

  /** Divides all particles by their places, in the background, and makes a set of each cluster. */
  async cluster(clustering: Clustering, task: TaskOptions = {}): Promise<NamedSet[]> {
    const { latents, latent } = this.#parts;
    const said = { kmeans: "k-means", mixture: "mixture", density: "density" }[clustering.method];
    const found = await this.#inBackground(
      "clusters",
      { points: latents, dimensions: latent, clustering },
      task,
    );
    if (latents !== this.#parts.latents)
      this.#say("The training has gone on: the clusters are those of the places at the epoch before");
    return this.sets.addAll(found.map((rows, i) => ({ rows, name: `${said} ${i + 1} of ${found.length}` })));
  }

  /** Draws the particles over a UMAP of their places, which is worked out in the background. */
  async umap(task: TaskOptions = {}): Promise<void> {
    const { latents, latent } = this.#parts;
    const { points, components } = await this.#inBackground(
      "umap",
      { points: latents, dimensions: latent },
      task,
    );
    if (latents !== this.#parts.latents)
      throw InputError.of(
        "The particles have other places by now, so that the UMAP is not theirs: try again.",
      );
    columnsOf(points, components).forEach((values, i) => {
      this.scatter.setColumn({ name: `UMAP ${i + 1}`, values });
    });
    this.scatter.set({ x: "UMAP 1", y: "UMAP 2", z: null });
  }

  async #inBackground<K extends "clusters" | "umap">(
    kind: K,
    given: Jobs[K]["given"],
    task: TaskOptions,
  ): Promise<Jobs[K]["result"]> {
    if (this.#parts.latents.length === 0)
      throw InputError.of("The particles have no places yet: the first epoch is still being trained.");
    const say = (busy: string) => this.set({ busy });
    say(`Working out ${kind}…`);
    try {
      return await this.#jobs.run(kind, given, {
        ...task,
        onProgress: (progress) => {
          const { task: name, done, total } = progress;
          say(`${name}: ${Math.round((100 * done) / Math.max(total, 1))} %`);
          task.onProgress?.(progress);
        },
      });
    } finally {
      say("");
    }
  }

  /**
   * Makes sets along the path that is drawn in the scatter, of the particles by the point of the path that is nearest to
   * them: `line`, parts of the path with equally many particles; `length`, parts of equal length; `stations`, the particles
   * nearest to each of `count` even places on the path. Distances are those in the latent space, over all its dimensions.
   * Particles farther from the path than `maxDistance` are in none, and how many is said in the status. Where no path is
   * drawn it is that of `scatter.defaultPath()`, as the status says.
   *
   * @param maxDistance default half the distance between the two points of the path that are farthest apart
   * @throws InputError where there are no particles yet
   */
  setsAlongPath(
    along: "line" | "length" | "stations",
    count: number,
    { maxDistance }: { maxDistance?: number } = {},
  ): NamedSet[] {
    const anchors = this.#pathAnchors();
    const columns = this.#columns();
    const line = pathLine(anchors.flat(), this.#parts.latent);
    const options = maxDistance === undefined ? {} : { maxDistance };
    const by = along === "length" ? "length" : "count";
    const found = partsAlongPath(columns, line, count, { by, ...options });
    const near = found.rows.reduce((sum, rows) => sum + rows.length, 0);
    if (near === 0) {
      throw InputError.of(
        `No particle lies within ${shortNumber(found.maxDistance)} of the path; allow a larger distance.`,
      );
    }
    this.#sayLeftOut(found);
    if (along === "line") this.#sayUneven(found);
    if (along !== "stations") return this.#addParts(found.rows, "part");
    const before = this.scatter.stationCount;
    if (count !== before) this.scatter.stationCount = count;
    const rows = rowsByNearest(columns, this.#stations(anchors).flat());
    const all = found.rows.reduce(unionRows);
    return this.#addParts(
      rows.map((part) => intersectRows(part, all)),
      "station",
    );
  }

  #sayLeftOut({ left, maxDistance }: PathParts): void {
    if (left === 0) return;
    const count = this.#parts.latents.length / this.#parts.latent;
    this.#addOfPath(
      `${left} of ${count} particles are farther than ${shortNumber(maxDistance)} from the path, by distance in the ` +
        "latent space, and in no set",
    );
  }

  /** Particles beyond an end of the path are all nearest to that end, and no range of the path divides them. */
  #sayUneven({ rows }: PathParts): void {
    const sizes = rows.map((part) => part.length);
    if (Math.max(...sizes) - Math.min(...sizes) <= 0.02 * Math.max(...sizes) + 1) return;
    this.#addOfPath(
      `The parts hold ${sizes.join(", ")} particles: those beyond an end of the path stay together`,
    );
  }

  /** Of the path that is drawn, or the ends of the one that stands for it, which is then said. */
  #pathAnchors(): number[][] {
    const drawn = this.scatter.anchors;
    this.#sayOfPath();
    if (drawn.length > 1) return drawn;
    const ends = this.scatter.defaultPath();
    if (ends.length < 2) throw InputError.of("There are no particles yet to lay a path through.");
    const [from, to] = ends.map((z) =>
      z.length === 1 ? shortNumber(z[0]!) : `(${z.map(shortNumber).join(", ")})`,
    );
    const line = ends[0]!.length === 1 ? "" : "along the first principal component, ";
    this.#sayOfPath(`No path drawn: ${line}from z = ${from} to ${to}`);
    return ends;
  }

  #stations(anchors: readonly number[][]): number[][] {
    const { latent } = this.#parts;
    const { stations } = pathThrough(anchors.flat(), latent, this.scatter.stationCount);
    return Array.from({ length: stations.length / latent }, (_, i) =>
      Array.from(stations.subarray(i * latent, (i + 1) * latent)),
    );
  }

  /** Adds a note to what is said of the path already. */
  #addOfPath(note: string): void {
    this.#sayOfPath(...(this.#ofPath === "" ? [] : [this.#ofPath]), note);
  }

  /** Says something of the path that is used now; nothing takes back what was said of the one before. */
  #sayOfPath(...notes: string[]): void {
    const before = this.#ofPath;
    this.#ofPath = notes.join(". ");
    if (this.#ofPath !== "" || this.get("status") === before) this.#say(this.#ofPath);
  }

  #aboutPath(): { text?: string } {
    return this.#ofPath === "" ? {} : { text: this.#ofPath };
  }

  #addParts(rows: Uint32Array[], name: string): NamedSet[] {
    return this.sets.addAll(
      rows
        .map((part, i) => ({ rows: part, name: `${name} ${i + 1} of ${rows.length}` }))
        .filter((part) => part.rows.length > 0),
    );
  }

  #setsChanged(): void {
    const there = new Set([...this.sets].map(({ id }) => id));
    for (const id of this.#maps.ids) if (!there.has(id)) this.#maps.remove(id);
    for (const id of [...this.#shownMaps.keys()]) if (!there.has(id)) this.#hideMap(id);
    for (const { id, name, colour } of this.sets) {
      const map = this.#shownMaps.get(id);
      if (!map) continue;
      this.viewer.renameMap(map, name);
      map.set({ colour });
    }
    this.scatter.setSets([...this.sets]);
    this.set({ ticked: this.get("ticked").filter((id) => there.has(id)) });
    this.#tellSets();
  }

  #tellSets(): void {
    const sets = Array.from(
      this.sets,
      ({ id, name, colour, marker, rows }): SetState => ({
        id,
        name,
        colour,
        marker,
        count: rows.length,
        map: this.#maps.state(id),
      }),
    );
    this.set({ sets });
  }

  // --- Maps

  #particlesAtHand(): ParticleSet {
    const { particles, withoutParticles } = this.#parts;
    if (!particles) throw InputError.of(withoutParticles ?? "The particles of the run are not at hand.");
    return particles;
  }

  #reconstructRows(rows: Uint32Array, task: TaskOptions): Promise<Reconstruction> {
    const particles = this.#particlesAtHand();
    const source: ParticleSource = {
      file: particles.file,
      dataFolder: this.#dataFolder,
      apix: particles.givenApix,
      invertContrast: particles.invertContrast,
      bytes: particles.bytes,
      rows: particles.rows,
    };
    const boxSize = Math.min(this.#options.mapBox ?? DEFAULT_MAP_BOX, particles.boxSize);
    return this.#jobs
      .run("reconstruct", { source, indices: rows, boxSize }, task)
      .then((made) => placedLike(this.#parts.neutral, made));
  }

  get #dataFolder(): string | undefined {
    return this.#options.dataFolder ?? this.#parts.run?.record.inputs.dataFolder;
  }

  /**
   * Reconstructs a set in the background: the map, both half maps and their FSC. The viewer shows the map.
   * @throws InputError for a set that is too small, and where the particles are not at hand; StoppedError when stopped
   */
  async reconstruct(set: string): Promise<Reconstruction> {
    const particles = this.#particlesAtHand();
    const { id, rows } = this.sets.get(set);
    const result = await this.#maps.reconstruct(this.sets.get(id));
    // The set may have been removed, or have another name by now
    if (!this.sets.has(id) || this.closed) return result;
    this.showMap(id);
    const { leftOut } = result;
    if (leftOut.length > 0) {
      const { name } = this.sets.get(id);
      this.#say(`“${name}”: ${describeLeftOut(leftOut, rows.length, (i) => particles.rows[i]!)}`);
    }
    return result;
  }

  /** Shows the map of a set in the viewer, or takes it away. @throws InputError where there is none */
  showMap(idOrName: string, shown = true): void {
    const set = this.sets.get(idOrName);
    if (shown) this.#placeMap(set);
    else this.#hideMap(set.id);
    this.#maps.setShown(set.id, shown);
  }

  #placeMap(set: NamedSet): void {
    const { map } = this.#maps.result(set);
    const look = { colour: set.colour };
    const shown = this.#shownMaps.get(set.id);
    if (shown) this.viewer.replaceMap(shown, map, look);
    else this.#shownMaps.set(set.id, this.viewer.addMap(set.name, map, look));
  }

  #hideMap(id: string): void {
    const shown = this.#shownMaps.get(id);
    this.#shownMaps.delete(id);
    if (shown) this.viewer.removeMap(shown);
  }

  /** Maps of sets that were taken from the viewer by other means than the table of sets. */
  #mapsChanged(): void {
    for (const [id, map] of [...this.#shownMaps]) {
      if (this.viewer.maps.includes(map)) continue;
      this.#shownMaps.delete(id);
      this.#maps.setShown(id, false);
    }
  }

  async #thumbnail(row: number): Promise<{ size: number; pixels: Float32Array }> {
    const particles = this.#particlesAtHand();
    const size = Math.min(THUMBNAIL, particles.boxSize);
    const { data } = await particleImage(particles, row, size, (particles.apix * particles.boxSize) / size);
    return { size, pixels: data };
  }

  /** Some particles of a set, each beside the projection of the model at its place. */
  async montage(idOrName: string) {
    const particles = this.#particlesAtHand();
    const { run, latents, latent } = this.#parts;
    if (!run)
      throw InputError.of(
        "The training has not finished an epoch yet, so that there is no model to compare with.",
      );
    const { name, rows } = this.sets.get(idOrName);
    const decode = (row: number) => run.decode(latents.subarray(latent * row, latent * (row + 1)));
    return particleMontage(particles, rows, decode, name);
  }

  /**
   * Writes a file below the folder that the kernel works in: the particles of a set as STAR with their latent coordinates;
   * the map of a set as MRC, with half maps and FSC beside it; the model at the probe as text or PDB, or its density as MRC.
   *
   * @param file relative, `.star`, `.mrc`, `.txt` or `.pdb`
   * @returns what was written, relative, and what there is to say about it
   * @throws InputError for a name that leads elsewhere, and for one that is taken unless `overwrite` is set
   */
  async export(
    what: Extract<ExplorerRequest, { kind: "export" }>["what"],
    file: string,
    { set, overwrite = false }: { set?: string; overwrite?: boolean } = {},
  ): Promise<{ files: string[]; notices: string[] }> {
    const place: Place = (name, ...endings) => placeBelow(process.cwd(), name, endings, { overwrite });
    const chosen = (): NamedSet => {
      if (set === undefined) throw InputError.of("Choose the set to write.");
      return this.sets.get(set);
    };
    switch (what) {
      case "particles": {
        const { latents, latent } = this.#parts;
        const columns = latentColumns(latents, latent);
        const { rows } = chosen();
        const notices = await writeSelection(await place(file, ".star"), this.#particlesAtHand(), {
          rows,
          columns,
        });
        return { files: [file], notices };
      }
      case "map":
        return { files: await writeReconstruction(this.#maps.result(chosen()), file, place), notices: [] };
      case "model":
        await writeModel(this.model, await place(file, ".txt", ".pdb"));
        return { files: [file], notices: [] };
      case "density":
        await writeMap(await place(file, ".mrc"), modelDensity(this.model));
        return { files: [file], notices: [] };
      default:
        throw new InputError("export", "particles, map, model or density", String(what));
    }
  }

  /**
   * Moves the viewer's Gaussians along the path of the scatter; where none is drawn along `scatter.defaultPath()`, as the
   * status says.
   * @throws InputError before the first epoch of a training, and for a path of one station
   */
  playPath(): void {
    const { stations, models } = this.#pathModels();
    this.#played = this.viewer.play(models).map((index) => stations[index]!);
    this.scatter.setPlayed(this.#played);
  }

  /** Puts the probe where a frame of the motion that was played last is. @throws InputError where there is no such frame */
  showFrame(frame: number): void {
    const place = this.#played[frame];
    if (!place) throw new InputError("frame", `a frame from 0 to ${this.#played.length - 1}`, String(frame));
    this.scatter.probe = place;
  }

  #pathModels(): { stations: number[][]; models: GaussianModel[] } {
    const { run } = this.#parts;
    if (!run)
      throw InputError.of("The training has not finished an epoch yet, so that there is no motion to show.");
    const stations = this.#stations(this.#pathAnchors());
    if (stations.length < 2) throw InputError.of("A motion needs a path with two stations or more.");
    return { stations, models: stations.map((z) => run.decode(z)) };
  }

  /**
   * Draws the motion from the first station of the path to the last as arrows, or takes them away. Without a path as
   * {@link playPath}.
   */
  showArrows(shown = true): void {
    if (!shown) {
      this.viewer.arrows(null);
      return;
    }
    const { models } = this.#pathModels();
    this.viewer.arrows({ from: models[0]!, to: models.at(-1)! });
  }

  // --- Training

  /**
   * Takes in one epoch of a training that is going on: give it to `train` as `onEpoch`. Scatter, curves and decoder become
   * those of the epoch; probe, view and selection stay.
   */
  readonly follow = (report: EpochReport, latents: Float32Array): void => {
    const { start, epoch, rings, trainFrc, heldOutFrc } = report;
    this.set({ history: [...this.get("history"), { start, epoch, rings, trainFrc, heldOutFrc }] });
    this.#becomeLatents(latents);
    this.#reopen();
  };

  #becomeLatents(latents: Float32Array): void {
    const before = this.#parts.latents.length;
    this.#parts.latents = latents;
    this.scatter.setLatents(latents);
    if (before !== latents.length) {
      this.sets.reset(latents.length / this.#parts.latent);
      this.#offerColumns();
    }
    const run = this.get("run")!;
    this.set({ run: { ...run, count: latents.length / this.#parts.latent } });
  }

  /** Decodes from the last checkpoint from now on. */
  #reopen(): void {
    this.#reopening = this.#reopening
      .then(async () => {
        const run = await Run.open(this.#parts.folder);
        this.#becomeRun(run);
        this.#parts.own.push(run);
      })
      .catch((error: Error) => this.#say(error.message));
  }

  #becomeRun(run: Run): void {
    const { run: before, own } = this.#parts;
    this.#parts.run = run;
    if (this.closed) run.close();
    else this.#decodeProbe();
    if (!before) this.#offerOutliers();
    if (!before || before === run) return;
    before.close();
    if (own.includes(before)) own.splice(own.indexOf(before), 1);
  }

  /** @internal Begins a training that the explorer follows. */
  begin(settings: BackgroundSettings, task: TaskOptions): void {
    const controller = new AbortController();
    this.#stopTraining = controller;
    const stop = () => controller.abort(task.signal?.reason);
    task.signal?.addEventListener("abort", stop, { once: true });
    const onEpoch: BackgroundSettings["onEpoch"] = (report, latents) => {
      this.follow(report, latents);
      settings.onEpoch?.(report, latents);
    };
    this.set({ training: { task: "starting", done: 0, total: 1 } });
    this.training = train(
      { ...settings, onEpoch },
      {
        signal: controller.signal,
        onProgress: (progress) => {
          const { task: name, done, total } = progress;
          this.set({ training: { task: name, done, total } });
          task.onProgress?.(progress);
        },
      },
    )
      .then(async (run) => {
        await this.#reopening;
        this.#becomeRun(run);
        const latents = await run.latents();
        this.#becomeLatents(latents[this.#options.latents ?? "refined"]);
        return run;
      })
      .finally(() => {
        task.signal?.removeEventListener("abort", stop);
        this.#stopTraining = undefined;
        this.set({ training: null });
      });
    this.training.catch((error: Error) => {
      const words =
        error instanceof StoppedError
          ? "The training was stopped; what is shown is its last epoch"
          : error.message;
      this.#say(words);
    });
  }

  // --- What views ask for

  async #answer(request: ExplorerRequest & { id: string }): Promise<void> {
    const { id } = request;
    try {
      const answer = await this.#serve(request);
      this.send({ kind: "answer", id, ...answer } satisfies ExplorerAnswer);
    } catch (error) {
      if (error instanceof StoppedError)
        this.send({ kind: "answer", id, text: "Stopped" } satisfies ExplorerAnswer);
      else this.send({ kind: "problem", id, text: (error as Error).message } satisfies ExplorerAnswer);
    }
  }

  async #serve(request: ExplorerRequest): Promise<{ text?: string; svg?: string } | undefined> {
    const made = (sets: readonly NamedSet[]) => ({
      text: sets.length === 1 ? `Made the set “${sets[0]!.name}”` : `Made ${sets.length} sets`,
    });
    switch (request.kind) {
      case "selection":
        return made([this.setFromSelection()]);
      case "clusters":
        return made(await this.cluster(request.clustering));
      case "umap":
        await this.umap();
        return undefined;
      case "parts": {
        const { along, count, maxDistance } = request;
        const { text } = made(
          this.setsAlongPath(along, count, maxDistance === undefined ? {} : { maxDistance }),
        );
        return { text: [text, ...Object.values(this.#aboutPath())].join(". ") };
      }
      case "combine":
        return made([this.sets.combine(request.operation, request.sets)]);
      case "complement":
        return made([this.sets.complement(request.set)]);
      case "rename":
        this.sets.rename(request.set, request.name);
        return undefined;
      case "recolour":
        this.sets.recolour(request.set, request.colour);
        return undefined;
      case "remove":
        this.sets.remove(request.sets);
        return undefined;
      case "select":
        this.scatter.select(this.sets.get(request.set).rows);
        return undefined;
      case "reconstruct":
        await Promise.all(request.sets.map((set) => this.reconstruct(set)));
        return undefined;
      case "stop":
        this.#maps.stop(request.set);
        return undefined;
      case "showMap":
        this.showMap(request.set, request.shown);
        return undefined;
      case "montage":
        return { svg: await (await this.montage(request.set)).svg() };
      case "export": {
        const { what, file, set, overwrite } = request;
        const { files, notices } = await this.export(what, file, {
          ...(set !== undefined && { set }),
          overwrite,
        });
        return { text: [`Wrote ${files.join(", ")} in ${process.cwd()}`, ...notices].join("; ") };
      }
      case "play":
        this.playPath();
        return this.#aboutPath();
      case "frame":
        this.showFrame(request.frame);
        return undefined;
      case "arrows":
        this.showArrows(request.shown);
        return request.shown ? this.#aboutPath() : undefined;
      case "pin":
        this.viewer.overlay(request.shown ? this.model : null);
        return undefined;
      case "stopTraining":
        this.#stopTraining?.abort(new Error("stopped"));
        return undefined;
      default:
        throw new InputError("request", "one that is known", JSON.stringify(request).slice(0, 100));
    }
  }

  override picture(): Picture {
    return explorerPicture(this.scatter.picture(), this.viewer.picture(), this.state);
  }

  override close(): void {
    if (this.closed) return;
    super.close();
    this.#stopTraining?.abort(new Error("the explorer was closed"));
    void this.#jobs.close();
    this.scatter.close();
    this.viewer.close();
    for (const one of this.#parts.own.splice(0)) Promise.resolve(one.close()).catch(() => {});
  }
}

/** The two halves of an explorer, or neither. */
function panes(
  { latents, latent, neutral, free }: ExplorerParts,
  title: string,
  thumbnail: NonNullable<LatentScatterOptions["thumbnail"]>,
): { scatter: LatentScatter; viewer: GaussianViewer } {
  const scatter = new LatentScatter({ latents, latent, title, thumbnail });
  try {
    return { scatter, viewer: new GaussianViewer({ neutral, title, ...(free && { free }) }) };
  } catch (error) {
    scatter.close();
    throw error;
  }
}
