import { type Picture, Widget } from "tslab-widgets";
import { loadRasteriser } from "tslab-widgets/display";
import { InputError } from "../../errors";
import type { ParticleColumn } from "../../particles/particleColumns";
import type { ScatterSet } from "./colours";
import { CsvExport } from "./csv";
import { DerivedState } from "./derivedState";
import type { LatentScatterOptions } from "./options";
import { stationsThrough } from "./path";
import { scatterPicture } from "./picture";
import { PlotLink } from "./plotLink";
import { RequestHandlers } from "./requestHandlers";
import { answerRequest } from "./requestServer";
import type { ScatterSelection, SelectMode } from "./scatterSelection";
import { type LatentScatterState, type LatentScatterTraits, latentScatterKind } from "./state";
import { type OfferedColumn, type ScatterColumn, ScatterTable, setsColumn, type TableColumn } from "./table";

/**
 * The latent space as a live plot: a point for each particle, a probe that is dragged through it, a path, a selection.
 *
 * Axes are the latent coordinates `z1`, `z2`, …, principal components `PC 1`, `PC 2`, …, numeric columns by name, and `row`;
 * with one dimension also `histogram`, where the outline of the points is the histogram of z. Along `row` and `histogram`,
 * which do not depend on the latent vector, probe and path stay at 0. A dragged probe takes the coordinates under the
 * pointer and changes as little as possible otherwise; along axes that are not linear functions of the latent vector (a
 * UMAP, a column) it moves to the particle that is nearest in the view.
 *
 * Distances are Euclidean, over all dimensions of the latent space, independent of the shown axes. Selections include
 * particles that are not drawn.
 *
 * With the errors of the coordinates (`deviations`), `population` draws what is left of them without errors: a curve over the histogram of
 * one dimension (default), outlines of the densest 50 and 95 % of the population over two latent axes (default off).
 *
 * Design: pages and code change input traits (`x`, `colour`, `probe`, `anchors`, …), columns, sets or the selection; the
 * observers in `connect` compute the dependent traits by `DerivedState` and set them; pages draw them.
 *
 * @example
 * ```ts
 * const { refined } = await (await e2.openRun("RUN")).latents();
 * const scatter = new e2.explorer.LatentScatter({ latents: refined, latent: 2 });
 * scatter.set({ x: "PC 1", y: "PC 2" });
 * scatter.select([0, 1, 2]);
 * console.log(scatter.rows);
 * scatter.close();
 * ```
 */
export class LatentScatter extends Widget<LatentScatterTraits> {
  private readonly derived: DerivedState;
  private readonly csv: CsvExport;
  /** Options that are the same for another plot of the particles. */
  private readonly look: Pick<LatentScatterOptions, "seed" | "height" | "thumbnail">;
  private deviations: Float32Array | undefined;
  /** Axes of the points that are published; empty if they are out of date. */
  private pointAxes = "";
  /** Another plot of the same particles, and what links it to this one. */
  private second: { plot: LatentScatter; link: PlotLink } | undefined;
  /** Ends the link to the plot that this one is beside of. */
  private unlink: (() => void) | undefined;
  private readonly stopFollowing: () => void;
  private cachedPicture: { state: LatentScatterState; picture: Picture } | undefined;

  /** @throws InputError for latents or columns whose length does not fit */
  constructor(
    {
      latents,
      latent,
      deviations,
      columns = [],
      title = "",
      thumbnail,
      seed = 1,
      height = 560,
    }: LatentScatterOptions,
    /** @internal The particles and the selection of another plot, which are shared with it. */
    of?: { table: ScatterTable; selection: ScatterSelection },
  ) {
    const table = of?.table ?? new ScatterTable(latents, latent);
    for (const column of columns) table.setColumn(column);
    const axes = table.axes();
    super(latentScatterKind, {
      title,
      count: table.count,
      latent,
      axes,
      colours: table.colours(),
      x: axes[0]!.name,
      y: axes[1]!.name,
      population: latent === 1,
      probe: new Array(latent).fill(0),
      thumbnails: thumbnail !== undefined,
      height,
    });
    this.derived = new DerivedState(table, seed, of?.selection);
    this.look = { seed, height, ...(thumbnail && { thumbnail }) };
    this.deviations = deviations;
    this.derived.setDeviations(deviations);
    this.csv = new CsvExport(table);
    this.stopFollowing = this.derived.selection.onChange(() => this.set(this.derived.selected(this.state)));
    this.set({ ...this.points(), ...this.derived.selected(this.state) });
    this.connect(thumbnail);
    // Pictures of the scatter include a PNG
    void loadRasteriser();
  }

  private connect(thumbnail: LatentScatterOptions["thumbnail"]): void {
    const { derived } = this;
    const handlers = new RequestHandlers(this, derived, { csv: this.csv, thumbnail });
    const axesChanged = () => {
      if (this.pointAxes !== this.axesKey()) this.set({ zoom: null, ...this.points() });
    };
    this.observe("x", axesChanged);
    this.observe("y", axesChanged);
    this.observe("z", axesChanged);
    this.observe("colour", () =>
      this.set({ hidden: [], colourRange: null, ...derived.colouring({ ...this.state, colourRange: null }) }),
    );
    this.observe("population", () => this.set(derived.population(this.state)));
    this.observe("hidden", () => this.set(derived.density(this.state)));
    this.observe("colourRange", () => this.set(derived.density(this.state)));
    this.observe("pairs", () => this.set(derived.pairs(this.state)));
    this.observe("probeTo", (target) => handlers.dragProbe(target));
    this.observe("probe", (z) => {
      if (!derived.isProbeAt(z)) this.set(derived.probe(this.state, z));
    });
    this.observe("anchors", () => this.set(derived.path(this.state)));
    this.observe("stationCount", () => this.set(derived.path(this.state)));
    for (const key of ["shown", "hidden", "colourRange", "colouring", "selected", "axes"] as const) {
      this.observe(key, () => this.csv.invalidate());
    }
    this.onMessage((content) => answerRequest(content, handlers, (...answer) => this.send(...answer)));
  }

  private axesKey(): string {
    const { x, y, z } = this.state;
    return JSON.stringify([x, y, z]);
  }

  private points() {
    this.pointAxes = this.axesKey();
    return this.derived.points(this.state);
  }

  /** Title above the plot. */
  get title(): string {
    return this.get("title");
  }
  set title(title: string) {
    this.set({ title });
  }

  /** Name of the horizontal axis. */
  get x(): string {
    return this.get("x");
  }
  set x(x: string) {
    this.set({ x });
  }

  /** Name of the vertical axis. */
  get y(): string {
    return this.get("y");
  }
  set y(y: string) {
    this.set({ y });
  }

  /** Name of a third axis, or null. */
  get z(): string | null {
    return this.get("z");
  }
  set z(z: string | null) {
    this.set({ z });
  }

  /** Name of the axis or column that colours the points, or `sets`; empty for none. */
  get colour(): string {
    return this.get("colour");
  }
  set colour(colour: string) {
    this.set({ colour });
  }

  /** Number of particles. */
  get count(): number {
    return this.derived.table.count;
  }

  /** Latent vector of the probe, [latent]. Default the origin. */
  get probe(): number[] {
    return [...this.get("probe")];
  }
  set probe(z: readonly number[]) {
    const length = this.get("latent");
    if (z.length !== length || !Array.from(z).every(Number.isFinite)) {
      throw new InputError("probe", `${length} finite numbers`, JSON.stringify(Array.from(z)));
    }
    this.set(this.derived.probe(this.state, Array.from(z)));
  }

  /** Latent vectors that the path passes through; empty for no path. */
  get anchors(): number[][] {
    return this.get("anchors").map((anchor) => [...anchor]);
  }
  set anchors(anchors: readonly (readonly number[])[]) {
    this.set({ anchors: anchors.map((anchor) => Array.from(anchor)) });
  }

  /** Number of stations on the path, 1 to 200. Default 10. */
  get stationCount(): number {
    return this.get("stationCount");
  }
  set stationCount(stationCount: number) {
    this.set({ stationCount });
  }

  /** Latent vectors at equal distances on the path, from the first anchor to the last; empty without anchors. */
  stations(): number[][] {
    return stationsThrough(this.get("anchors"), this.get("latent"), this.get("stationCount"));
  }

  /**
   * The two ends of a straight path along which the particles spread most: the 2nd and 98th percentile of z in one
   * dimension, in more those along the first principal component. Empty for fewer than two particles.
   */
  defaultPath(): number[][] {
    return this.derived.table.widest();
  }

  /** Shows the probe at these latent vectors while a viewer plays a motion. */
  setPlayed(places: readonly (readonly number[])[]): void {
    this.inBoth((plot) => plot.set(plot.derived.playedPlaces(plot.state, places)));
  }

  /** Rows of the selected particles, from 0, ascending. */
  get rows(): Uint32Array {
    return this.derived.selection.rows.slice();
  }

  /** Selects particles. @throws InputError for rows that do not exist */
  select(rows: ArrayLike<number>, mode: SelectMode = "replace"): void {
    this.derived.selection.change(rows, mode, this.count);
    // First of all this plot itself
    this.derived.selection.notify();
  }

  /**
   * Another plot of the same particles, with axes of its own: it shares columns, sets, selection, colours, probe and path with this
   * one, which follow changes in either. One at a time; closing it ends the link.
   * @example
   * ```ts
   * const { refined } = await (await e2.openRun("RUN")).latents();
   * const scatter = new e2.explorer.LatentScatter({ latents: refined, latent: 2 });
   * const second = scatter.beside();
   * second.set({ x: "PC 1", y: "PC 2" });
   * second.select([0, 1, 2]);
   * console.log(scatter.rows);
   * scatter.close();
   * ```
   */
  beside(): LatentScatter {
    this.second?.plot.close();
    const { table, selection, colours } = this.derived;
    const { latents, latent } = table;
    const plot = new LatentScatter(
      { ...this.look, latents, latent, title: this.title },
      { table, selection },
    );
    plot.derived.setDeviations(this.deviations);
    plot.setSets(colours.sets);
    const { axisTitles } = table;
    if (axisTitles.length > 0) plot.titlesChanged();
    const link = new PlotLink(this, plot);
    plot.unlink = () => link.close();
    this.second = { plot, link };
    return plot;
  }

  /** Closes it, and the other plot of the same particles. */
  override close(): void {
    if (this.closed) return;
    this.stopFollowing();
    this.unlink?.();
    this.second?.plot.close();
    super.close();
  }

  /** Calls `handler` with the selected rows when they change. @returns a function that removes it */
  onSelect(handler: (rows: Uint32Array) => unknown): () => void {
    return this.derived.selection.onChange(handler);
  }

  /**
   * Replaces the latent coordinates of the particles, as a training does; axes, probe, path and selection stay.
   * @param deviations their standard deviations, [n · latent], with which the population can be drawn
   * @throws InputError for another number of particles, unless there were none
   */
  setLatents(latents: Float32Array, deviations?: Float32Array): void {
    this.derived.table.latents = latents;
    this.inBoth((plot) => plot.latentsChanged(deviations));
  }

  /** Does the same in all plots of these particles, whose link has nothing to do meanwhile. */
  private inBoth(act: (plot: LatentScatter) => void): void {
    const { second } = this;
    if (!second || second.plot.closed) {
      act(this);
      return;
    }
    second.link.during(() => {
      act(this);
      act(second.plot);
    });
  }

  private latentsChanged(deviations: Float32Array | undefined): void {
    const { derived } = this;
    this.deviations = deviations;
    derived.follow();
    derived.setDeviations(deviations);
    this.set({
      count: this.count,
      axes: derived.table.axes(),
      colours: derived.colours.choices(),
      ...this.points(),
      ...derived.selected(this.state),
      ...derived.pairs(this.state),
    });
  }

  /** Sets the titles of the latent axes, which say what they change and by how much. Default: `z1`, `z2`, … */
  setAxisTitles(titles: readonly string[]): void {
    this.derived.table.setAxisTitles(titles);
    this.inBoth((plot) => plot.titlesChanged());
  }

  private titlesChanged(): void {
    this.derived.refreshSliders();
    this.set(this.points());
  }

  /** Adds a column, or replaces the one with its name. @throws InputError for a wrong length or the name of an axis */
  setColumn(column: ScatterColumn | ParticleColumn): void {
    this.derived.table.setColumn(column);
    this.columnsChanged(column.name);
  }

  /**
   * Offers columns as axes and colours that are read when they are first chosen. Names that are taken are left out. Choosing one whose
   * length is not the number of particles is an InputError.
   * @example
   * ```ts
   * const { refined } = await (await e2.openRun("RUN")).latents();
   * const scatter = new e2.explorer.LatentScatter({ latents: refined, latent: 2 });
   * scatter.offerColumns([{ name: "first", read: () => refined.filter((_, i) => i % 2 === 0) }]);
   * scatter.colour = "first";
   * scatter.close();
   * ```
   */
  offerColumns(columns: readonly OfferedColumn[]): void {
    this.derived.table.offerColumns(columns);
    this.columnsChanged("");
  }

  /** Removes a column; axes and colour that used it get their defaults. @throws InputError for an unknown name */
  removeColumn(name: string): void {
    this.derived.table.removeColumn(name);
    this.columnsChanged(name);
  }

  private columnsChanged(name: string): void {
    this.inBoth((plot) => plot.refreshColumns(name));
  }

  private refreshColumns(name: string): void {
    const { derived } = this;
    const { x, y, z, colour } = this.state;
    const shown = [x, y, z].includes(name);
    if (shown) this.pointAxes = "";
    const choices = derived.validChoices(this.state);
    this.set(choices);
    // Unless an axis has changed, which has updated the points already
    if (shown && this.pointAxes === "") this.set(this.points());
    if (colour === name && choices.colour === name) this.set(derived.colouring(this.state));
  }

  /** The columns that the plot uses as axes or colours. */
  get usedColumns(): TableColumn[] {
    const { x, y, z, colour } = this.state;
    const names = [...new Set([x, y, z ?? "", colour])];
    return names.flatMap((name) => this.derived.table.column(name) ?? []);
  }

  /**
   * Sets that can colour the particles; the first ones do so at once.
   * @throws InputError for colours other than #rgb and #rrggbb, and for rows that do not exist
   */
  setSets(sets: readonly ScatterSet[]): void {
    this.inBoth((plot) => plot.takeSets(sets));
  }

  private takeSets(sets: readonly ScatterSet[]): void {
    const { colours } = this.derived;
    this.csv.invalidate();
    const before = this.get("colour");
    const first = colours.sets.length === 0 && sets.length > 0 && before === "";
    colours.setSets(sets);
    const colour = first ? setsColumn : colours.known(before);
    this.set({ colours: colours.choices(), colour });
    if (before === setsColumn && colour === setsColumn) this.set(this.derived.colouring(this.state));
  }

  /** Shows a message in the status line until the next selection; an empty one clears it. */
  refuse(text: string): void {
    this.set({ status: text });
  }

  override picture(): Picture {
    const { state } = this;
    const keys = Object.keys(state) as (keyof LatentScatterState)[];
    const cached = this.cachedPicture;
    if (cached && keys.every((key) => Object.is(state[key], cached.state[key]))) return cached.picture;
    const picture = scatterPicture(state);
    this.cachedPicture = { state, picture };
    return picture;
  }
}
