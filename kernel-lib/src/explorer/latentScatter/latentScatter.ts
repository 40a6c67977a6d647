import type { Picture } from "tslab-widgets";
import { Widget } from "tslab-widgets";
import { loadRasteriser } from "tslab-widgets/display";
import { shortNumber } from "../../display/checks";
import { InputError } from "../../errors";
import { pathThrough } from "../../latent/path";
import {
  checkedRows,
  nearestRows,
  otherRows,
  rowsInBox,
  rowsInPolygon,
  rowsWithin,
  squaredDistances,
  subtractRows,
  unionRows,
} from "../../latent/selection";
import type { ParticleColumn } from "../../particles/particleColumns";
import { coloursOf, noColours, type ParticleColours, type ScatterSet } from "./colours";
import { csvPiece } from "./csv";
import { DENSITY_CELLS, densityOf, drawnSubset, frameOf, gather, robustRange } from "./drawn";
import { scatterPicture } from "./picture";
import { along, movedLeast, nearestPoint, nearestRow } from "./probe";
import { readRequest, type ScatterRequest, type SelectRequest } from "./requests";
import {
  type LatentScatterState,
  type LatentScatterTraits,
  latentScatterKind,
  type ProbeSlider,
  type ProbeTarget,
  type ShownAxis,
} from "./state";
import { type ScatterColumn, ScatterTable, SETS } from "./table";

export interface LatentScatterOptions {
  /** Latent vectors of all particles, [n · latent]. */
  latents: Float32Array;
  /** Dimensions of the latent space. */
  latent: number;
  /** What else particles can be drawn over or coloured by: columns of their file, a UMAP. */
  columns?: readonly (ScatterColumn | ParticleColumn)[];
  title?: string;
  /** Image of a particle, [size · size], shown where the pointer rests on it. */
  thumbnail?: (row: number) => Promise<{ size: number; pixels: Float32Array }>;
  /** Of the choice of the particles that are drawn where there are more than 100,000. Default 1. */
  seed?: number;
  /** Of the view, in pixels. Default 560. */
  height?: number;
}

/** What a selection does with the one before it. */
export type SelectMode = "replace" | "add" | "subtract";

/** Selected particles that are shown at least, where there are so many: those that are not drawn anyway are sent along. */
const SELECTED_SHOWN = 10_000;
const LINE_POINTS = 160;
const PROBE_OUTSIDE = 0.005;

/**
 * The latent space as a live picture: every particle is a point, the probe is dragged through it, and particles are
 * selected. All selecting is done here, on all particles, also where only some of them are drawn.
 *
 * Axes are the latent coordinates `z1`, `z2`, …, principal components `PC 1`, `PC 2`, …, columns of numbers by their
 * name, and `row`; with one dimension also `histogram`, where the outline of the cloud is the histogram of z.
 * Along that and `row`, which say nothing of the latent space, probe and path stay at 0. What is dragged moves the probe so
 * that it has the asked coordinates and changes least otherwise; along axes that are no linear function of the latent vector
 * (a UMAP, a column) it goes to the particle that is nearest in the view.
 *
 * Distances (nearest, radius, parts of a path) are Euclidean distances between latent vectors over all dimensions of the
 * latent space, whatever the axes show; a place in the view stands for the latent vector to which the probe would go.
 */
export class LatentScatter extends Widget<LatentScatterTraits> {
  readonly #table: ScatterTable;
  readonly #thumbnail: LatentScatterOptions["thumbnail"];
  readonly #seed: number;
  readonly #selectHandlers = new Set<(rows: Uint32Array) => unknown>();
  #sets: ScatterSet[] = [];
  #rows = new Uint32Array(0);
  #drawnRows = new Uint32Array(0);
  #colours: ParticleColours = noColours();
  /** Axes that the points of the state belong to. */
  #axesDrawn = "";
  /** The particle that the probe was put on, or −1. */
  #probeRow = -1;
  #probePlaced: readonly number[] = [];
  /** The places of a motion that is played. */
  #played: readonly (readonly number[])[] = [];
  /** Counts what a table of particles depends on, so that one that is saved in pieces is of one moment. */
  #tableVersion = 0;
  /** The latent vectors that the sliders' ranges are those of. */
  #slidersOf: Float32Array | undefined;
  #still: { state: LatentScatterState; picture: Picture } | undefined;

  /** @throws InputError for latents or columns of a length that does not fit */
  constructor(options: LatentScatterOptions) {
    const table = new ScatterTable(options.latents, options.latent);
    for (const column of options.columns ?? []) table.setColumn(column);
    const axes = table.axes();
    super(latentScatterKind, {
      title: options.title ?? "",
      count: table.count,
      latent: options.latent,
      axes,
      colours: table.colours(),
      x: axes[0]!.name,
      y: axes[1]!.name,
      probe: new Array(options.latent).fill(0),
      thumbnails: options.thumbnail !== undefined,
      height: options.height ?? 560,
    });
    this.#table = table;
    this.#thumbnail = options.thumbnail;
    this.#seed = options.seed ?? 1;
    this.#drawnRows = drawnSubset(table.count, this.#seed);
    this.set({ drawnRows: this.#drawnRows, ...this.#axesState(), ...this.#selectionState() });
    const axesChanged = () => {
      if (this.#axesDrawn !== this.#axesKey()) this.set({ zoom: null, ...this.#axesState() });
    };
    this.observe("x", axesChanged);
    this.observe("y", axesChanged);
    this.observe("z", axesChanged);
    this.observe("colour", () => this.set({ hidden: [], ...this.#coloursState() }));
    this.observe("hidden", () => this.set(this.#densityState()));
    this.observe("probeTo", (target) => this.#reach(target));
    this.observe("probe", (probe) => {
      if (!same(probe, this.#probePlaced)) this.set(this.#probeState(probe));
    });
    this.observe("anchors", () => this.set(this.#pathState()));
    this.observe("stationCount", () => this.set(this.#pathState()));
    for (const key of ["shown", "hidden", "colouring", "selected", "axes"] as const) {
      this.observe(key, () => this.#tableVersion++);
    }
    // Its picture is a PNG too
    void loadRasteriser();
    this.onMessage((content) => this.#asked(content));
  }

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

  get y(): string {
    return this.get("y");
  }
  set y(y: string) {
    this.set({ y });
  }

  /** A third axis, or null. */
  get z(): string | null {
    return this.get("z");
  }
  set z(z: string | null) {
    this.set({ z });
  }

  /** Name of the axis, the column, or `sets`, that colours the points; empty for none. */
  get colour(): string {
    return this.get("colour");
  }
  set colour(colour: string) {
    this.set({ colour });
  }

  /** Number of all particles. */
  get count(): number {
    return this.#table.count;
  }

  /** Place of the probe in the latent space, [latent]; at the start its origin, the middle of what the particles show. */
  get probe(): number[] {
    return [...this.get("probe")];
  }
  set probe(z: readonly number[]) {
    const length = this.get("latent");
    if (z.length !== length || !Array.from(z).every(Number.isFinite)) {
      throw new InputError("probe", `${length} finite numbers`, JSON.stringify(Array.from(z)));
    }
    this.set(this.#probeState(Array.from(z)));
  }

  /** Points of the latent space that the path goes through. */
  get anchors(): number[][] {
    return this.get("anchors").map((anchor) => [...anchor]);
  }
  set anchors(anchors: readonly (readonly number[])[]) {
    this.set({ anchors: anchors.map((anchor) => Array.from(anchor)) });
  }

  get stationCount(): number {
    return this.get("stationCount");
  }
  set stationCount(stationCount: number) {
    this.set({ stationCount });
  }

  /** The places of a motion that is played in a viewer beside the scatter; the probe is shown there meanwhile. */
  setPlayed(places: readonly (readonly number[])[]): void {
    this.#played = places.map((place) => Array.from(place));
    this.set({ playedPlaces: this.#playedPlaces() });
  }

  #playedPlaces(): Float32Array {
    return this.#placesOf(this.#played, this.#shownNames());
  }

  /** Evenly spaced points of the path, from the first anchor to the last; none without anchors. */
  stations(): number[][] {
    return this.#path(this.get("stationCount"));
  }

  /**
   * The line that stands for a path where none is drawn: its two ends. In one dimension they are the 2nd and the 98th
   * percentile of z; in more, the same along the first principal component through the mean. Empty for fewer than two
   * particles.
   */
  defaultPath(): number[][] {
    return this.#table.widest();
  }

  /** Selected particles: rows from 0, ascending. */
  get rows(): Uint32Array {
    return this.#rows.slice();
  }

  /** @throws InputError for what is no row of a particle */
  select(rows: ArrayLike<number>, mode: SelectMode = "replace"): void {
    const chosen = checkedRows(rows, this.count);
    if (mode === "add") this.#rows = unionRows(this.#rows, chosen);
    else if (mode === "subtract") this.#rows = subtractRows(this.#rows, chosen);
    else this.#rows = chosen;
    this.set(this.#selectionState());
    for (const handler of [...this.#selectHandlers]) handler(this.rows);
  }

  /** Calls `handler` with the selected rows when they change. @returns a function that ends it */
  onSelect(handler: (rows: Uint32Array) => unknown): () => void {
    this.#selectHandlers.add(handler);
    return () => void this.#selectHandlers.delete(handler);
  }

  /**
   * New latent vectors of the same particles, as a training goes on; axes, probe, path and selection stay.
   * @throws InputError for another number of particles, unless there were none
   */
  setLatents(latents: Float32Array): void {
    const before = this.count;
    this.#table.latents = latents;
    if (this.count !== before) this.#drawnRows = drawnSubset(this.count, this.#seed);
    this.set({
      count: this.count,
      axes: this.#table.axes(),
      colours: this.#colourChoices(),
      drawnRows: this.#drawnRows,
      ...this.#axesState(),
      ...this.#selectionState(),
    });
  }

  /** Adds a column, or replaces the one of its name. */
  setColumn(column: ScatterColumn | ParticleColumn): void {
    this.#table.setColumn(column);
    this.#columnsChanged(column.name);
  }

  /** Takes a column away; axes and colour that were it go back to others. */
  removeColumn(name: string): void {
    this.#table.removeColumn(name);
    this.#columnsChanged(name);
  }

  #columnsChanged(name: string): void {
    const axes = this.#table.axes();
    const colours = this.#colourChoices();
    const { x, y, z, colour } = this.state;
    const isAxis = (axis: string | null) => axes.some((choice) => choice.name === axis);
    const shown = [x, y, z].includes(name);
    // What the points belong to has to be told anew where the column is one of the axes.
    if (shown) this.#axesDrawn = "";
    const next = {
      x: isAxis(x) ? x : axes[0]!.name,
      y: isAxis(y) ? y : axes[Math.min(1, axes.length - 1)]!.name,
      z: z !== null && isAxis(z) ? z : null,
      colour: colour === "" || colours.some((choice) => choice.name === colour) ? colour : "",
    };
    this.set({ axes, colours, ...next });
    if (shown && this.#axesDrawn === "") this.set(this.#axesState());
    if (colour === name && next.colour === name) this.set(this.#coloursState());
  }

  /** The sets that particles can be coloured by; the first time that there are some, they are. */
  setSets(sets: readonly ScatterSet[]): void {
    this.#tableVersion++;
    const first = this.#sets.length === 0 && sets.length > 0 && this.get("colour") === "";
    this.#sets = sets.map(({ name, colour, marker = "circle", rows }) => ({
      name,
      colour: cssColour(colour),
      marker,
      rows: checkedRows(rows, this.count),
    }));
    const colours = this.#colourChoices();
    const known = (name: string) => name === "" || colours.some((choice) => choice.name === name);
    const before = this.get("colour");
    const colour = first ? SETS : known(before) ? before : "";
    this.set({ colours, colour });
    if (before === SETS && colour === SETS) this.set(this.#coloursState());
  }

  /**
   * Shows a sentence in the status line, such as why something was not done. An empty one takes it away, as does the next
   * selection.
   */
  refuse(text: string): void {
    this.set({ status: text });
  }

  override picture(): Picture {
    const { state } = this;
    const keys = Object.keys(state) as (keyof LatentScatterState)[];
    if (!this.#still || keys.some((key) => !Object.is(state[key], this.#still!.state[key]))) {
      this.#still = { state, picture: scatterPicture(state) };
    }
    return this.#still.picture;
  }

  // --- What is drawn

  #colourChoices() {
    const choices = this.#table.colours();
    return this.#sets.length > 0 ? [...choices, { name: SETS, kind: "sets" as const }] : choices;
  }

  #axesKey(): string {
    return JSON.stringify([this.get("x"), this.get("y"), this.get("z")]);
  }

  #shownAxis(name: string): ShownAxis {
    const { kind } = this.get("axes").find((axis) => axis.name === name)!;
    return {
      name,
      title: this.#table.title(name),
      kind,
      spreads: this.#table.spreads(name),
      ...frameOf(this.#table.values(name)),
    };
  }

  /** All that depends on where the points are. */
  #axesState() {
    const { x, y, z } = this.state;
    this.#axesDrawn = this.#axesKey();
    const points = (name: string) => gather(this.#table.values(name), this.#drawnRows);
    const shown = {
      x: this.#shownAxis(x),
      y: this.#shownAxis(y),
      z: z === null ? null : this.#shownAxis(z),
    };
    return {
      shown,
      pointsX: points(x),
      pointsY: points(y),
      pointsZ: z === null ? new Float32Array(0) : points(z),
      ...this.#coloursState(shown),
      ...this.#selectedBeside(),
      ...this.#probeState(this.get("probe")),
      ...this.#pathState(),
      playedPlaces: this.#playedPlaces(),
    };
  }

  #coloursState(shown = this.get("shown")!) {
    this.#colours = coloursOf(this.#table, this.get("colour"), this.#sets);
    const { colouring, numbers, codes } = this.#colours;
    const drawn = this.#drawnRows;
    return {
      colouring,
      colourNumbers: gather(numbers, numbers.length > 0 ? drawn : new Uint32Array(0)),
      colourCodes:
        drawn.length > 0 && codes.length > 0 ? Uint16Array.from(drawn, (row) => codes[row]!) : codes,
      ...this.#densityState(shown),
    };
  }

  #densityState(shown = this.get("shown")!) {
    if (this.#drawnRows.length === 0 || shown.z) return { density: null, densityCounts: new Float32Array(0) };
    const counts = densityOf(
      this.#table.values(shown.x.name),
      this.#table.values(shown.y.name),
      shown.x,
      shown.y,
      this.#visible(),
    );
    return {
      density: { cells: DENSITY_CELLS, most: counts.reduce((a, b) => Math.max(a, b), 0) },
      densityCounts: counts,
    };
  }

  /** Whether a particle's category is among those shown; undefined where all are. */
  #visible(): ((row: number) => boolean) | undefined {
    const { colouring, codes } = this.#colours;
    const hidden = this.get("hidden");
    if (hidden.length === 0 || !("categories" in colouring)) return undefined;
    const out = colouring.categories.map(({ name }) => hidden.includes(name));
    return (row) => !out[codes[row]!];
  }

  // --- Selection

  #selectionState() {
    const drawn = this.#drawnRows;
    const rows = this.#rows;
    const selected = new Uint8Array(drawn.length > 0 ? drawn.length : this.count);
    if (drawn.length === 0) for (let i = 0; i < rows.length; i++) selected[rows[i]!] = 1;
    else
      for (let i = 0, j = 0; i < drawn.length && j < rows.length; ) {
        if (drawn[i] === rows[j]) selected[i] = 1;
        if (drawn[i]! <= rows[j]!) i++;
        else j++;
      }
    return { selected, selectedCount: rows.length, ...this.#selectedBeside() };
  }

  /** Where some selected particles are that are not drawn, so that a small selection is seen whole. */
  #selectedBeside() {
    if (this.#drawnRows.length === 0) return { selectedBeside: new Float32Array(0) };
    const beside = subtractRows(this.#rows, this.#drawnRows);
    const drawn = this.#rows.length - beside.length;
    const count = Math.min(beside.length, Math.max(SELECTED_SHOWN - drawn, 0));
    const rows = Uint32Array.from(
      { length: count },
      (_, i) => beside[Math.floor((i * beside.length) / count)]!,
    );
    const columns = this.#shownNames().map((name) => this.#table.values(name));
    const places = new Float32Array(count * columns.length);
    rows.forEach((row, i) => {
      columns.forEach((column, d) => {
        places[i * columns.length + d] = column[row]!;
      });
    });
    return { selectedBeside: places };
  }

  #shownNames(): string[] {
    const { x, y, z } = this.state;
    return z === null ? [x, y] : [x, y, z];
  }

  /** What a request chooses, and what is to be said about how distances were taken. */
  #chosenBy(request: SelectRequest): { rows: Uint32Array; radius?: number; note?: string } {
    const { x, y } = this.get("shown")!;
    const columns = [this.#table.values(x.name), this.#table.values(y.name)] as const;
    switch (request.how) {
      case "none":
        return { rows: new Uint32Array(0) };
      case "all":
        return { rows: this.#shownOnly(otherRows(new Uint32Array(0), this.count)) };
      case "invert":
        return { rows: this.#shownOnly(otherRows(this.#rows, this.count)) };
      case "lasso":
        return { rows: this.#shownOnly(rowsInPolygon(columns[0], columns[1], request.polygon)) };
      case "box":
        return { rows: this.#shownOnly(rowsInBox(columns, request.low, request.high)) };
      case "radius": {
        const centre = this.#latentAt(request.centre);
        return this.#within(
          centre,
          typeof request.radius === "number"
            ? request.radius
            : Math.hypot(...this.#latentAt(request.radius).map((z, d) => z - centre[d]!)),
        );
      }
      case "nearest":
        return this.#nearest(this.#latentAt(request.centre), request.number);
      case "latentRadius":
        return this.#within(this.get("probe"), request.radius);
      case "latentNearest":
        return this.#nearest(this.get("probe"), request.number);
    }
  }

  #within(centre: readonly number[], radius: number) {
    const rows = this.#shownOnly(rowsWithin(this.#latentColumns(), centre, radius));
    return { rows, radius, note: `Within ${shortNumber(radius)} of ${this.#saidPlace(centre)}` };
  }

  #nearest(centre: readonly number[], count: number) {
    const rows = nearestRows(this.#withoutHidden(this.#latentColumns()), centre, count);
    return { rows, note: `The ${rows.length} nearest to ${this.#saidPlace(centre)}` };
  }

  /** A place as a sentence ends with it, and which distance is meant. */
  #saidPlace(z: readonly number[]): string {
    const place = z.length === 1 ? shortNumber(z[0]!) : `(${z.map(shortNumber).join(", ")})`;
    const space = z.length === 1 ? "along z" : `in all ${z.length} dimensions of the latent space`;
    return `z = ${place}, by distance ${space}`;
  }

  #latentColumns(): Float32Array[] {
    return Array.from({ length: this.get("latent") }, (_, d) => this.#table.values(`z${d + 1}`));
  }

  #shownOnly(rows: Uint32Array): Uint32Array {
    const visible = this.#visible();
    return visible ? rows.filter(visible) : rows;
  }

  /** Hidden particles are nowhere, so that they are among the nearest of no place. */
  #withoutHidden(columns: readonly Float32Array[]): readonly Float32Array[] {
    const visible = this.#visible();
    if (!visible) return columns;
    return [columns[0]!.map((value, row) => (visible(row) ? value : Number.NaN)), ...columns.slice(1)];
  }

  // --- The probe

  #reach(target: ProbeTarget): void {
    const names = Object.keys(target).filter((name) => this.get("axes").some((axis) => axis.name === name));
    if (names.length === 0 || !names.every((name) => Number.isFinite(target[name]))) return;
    const curved = names.filter((name) => !this.#table.linear(name));
    if (curved.length > 0) {
      const columns = names.map((name) => this.#table.values(name));
      const units = columns.map((column) => {
        const { low, high } = frameOf(column);
        return high - low;
      });
      const row = nearestRow(
        columns,
        names.map((name) => target[name]!),
        units,
      );
      if (row >= 0) this.set(this.#probeState(this.#table.latentOf(row), row));
      return;
    }
    const targets = names.map((name) => ({ axis: this.#table.linear(name)!, value: target[name]! }));
    this.set(this.#probeState(movedLeast(this.get("probe"), targets)));
  }

  /** Probe, its place on the axes, the sliders. @param row the particle that it is put on */
  #probeState(probe: readonly number[], row = -1) {
    if (row >= 0) this.#probeRow = row;
    else if (this.#probeRow >= this.count || !this.#isAt(probe, this.#probeRow)) this.#probeRow = -1;
    this.#probePlaced = probe;
    const shown = this.#shownNames();
    const sliders = this.#sliders(shown);
    return {
      probe: [...probe],
      probePlace: shown.map((name) => this.#placeOf(probe, name)),
      sliders,
      sliderValues: sliders.map(({ name }) => this.#placeOf(probe, name)),
    };
  }

  #isAt(probe: readonly number[], row: number): boolean {
    return row >= 0 && same(this.#table.latentOf(row), probe);
  }

  #placeOf(probe: readonly number[], name: string): number {
    const axis = this.#table.linear(name);
    if (axis) return along(axis, probe);
    if (this.#probeRow < 0) this.#probeRow = nearestPoint(this.#table.latents, probe);
    return this.#probeRow < 0 ? 0 : finite(this.#table.values(name)[this.#probeRow]!);
  }

  /**
   * What moves the probe where dragging it does not: components where one of those is shown, else coordinates. With three
   * axes nothing is dragged.
   */
  #sliders(shown: readonly string[]): readonly ProbeSlider[] {
    const axes = this.get("axes");
    const linear = shown.filter((name) => this.#table.linear(name));
    const components = linear.some((name) => axes.find((axis) => axis.name === name)?.kind === "component");
    const before = this.get("sliders");
    const names = axes
      .filter(
        ({ kind, name }) =>
          kind === (components ? "component" : "latent") && (shown.length > 2 || !shown.includes(name)),
      )
      .map(({ name }) => name);
    if (
      this.#slidersOf === this.#table.latents &&
      same(
        before.map(({ name }) => name),
        names,
      )
    )
      return before;
    this.#slidersOf = this.#table.latents;
    return names.map((name) => ({ name, ...robustRange(this.#table.values(name), PROBE_OUTSIDE) }));
  }

  // --- The path

  #path(count: number): number[][] {
    const anchors = this.get("anchors");
    const latent = this.get("latent");
    if (anchors.length === 0) return [];
    const { stations } = pathThrough(anchors.flat(), latent, count);
    return Array.from({ length: count }, (_, i) =>
      Array.from(stations.subarray(i * latent, (i + 1) * latent)),
    );
  }

  #pathState() {
    const names = this.#shownNames();
    const curved = names.some((name) => !this.#table.linear(name));
    const stationPlaces = this.#placesOf(this.stations(), names);
    const line = curved || this.get("anchors").length < 2 ? undefined : this.#path(LINE_POINTS);
    return {
      anchorPlaces: this.#placesOf(this.get("anchors"), names),
      stationPlaces,
      pathLine: line ? this.#placesOf(line, names) : stationPlaces,
    };
  }

  /** Places along the shown axes; where one is not linear, those of the nearest particle that is drawn. */
  #placesOf(points: readonly (readonly number[])[], names: readonly string[]): Float32Array {
    const axes = names.map((name) => this.#table.linear(name));
    const drawn = this.#drawnRows;
    const candidates = axes.includes(undefined)
      ? this.#latentColumns().map((column) => gather(column, drawn))
      : undefined;
    return Float32Array.from(
      points.flatMap((z) => {
        let row = -1;
        if (candidates && this.count > 0) {
          const squared = squaredDistances(candidates, z);
          const at = squared.reduce((best, value, i) => (value < squared[best]! ? i : best), 0);
          row = drawn.length > 0 ? drawn[at]! : at;
        }
        return axes.map((axis, d) =>
          axis ? along(axis, z) : row < 0 ? 0 : this.#table.values(names[d]!)[row]!,
        );
      }),
    );
  }

  // --- What the page asks

  #asked(content: unknown): void {
    if (typeof content !== "object" || content === null) return;
    const { id } = content as { id?: unknown };
    const refused = (error: unknown) => {
      this.send({ kind: "problem", id, text: error instanceof Error ? error.message : String(error) });
    };
    try {
      this.#answer(id, readRequest(content as Record<string, unknown>)).catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  /** Nothing is awaited before the answer but the image of a particle, so that selecting is done at once. */
  async #answer(id: unknown, request: ScatterRequest): Promise<void> {
    switch (request.kind) {
      case "select": {
        const { how, mode } = request.request;
        const { rows, radius, note = "" } = this.#chosenBy(request.request);
        this.select(rows, how === "none" || how === "all" || how === "invert" ? "replace" : mode);
        this.refuse(note);
        this.send({
          kind: "answer",
          id,
          selected: this.#rows.length,
          ...(radius !== undefined && { radius }),
        });
        return;
      }
      case "anchor": {
        this.refuse("");
        const at = request.at && this.#latentAt(request.at);
        const anchor = at ?? this.get("probe");
        this.set({ anchors: [...this.get("anchors"), anchor] });
        this.send({ kind: "answer", id });
        return;
      }
      case "thumbnail": {
        if (!this.#thumbnail) throw new InputError("thumbnail", "a scatter that was given images", "none");
        if (request.row >= this.count) {
          throw new InputError("row", `a row from 0 to ${this.count - 1}`, String(request.row));
        }
        const { size, pixels } = await this.#thumbnail(request.row);
        this.send({ kind: "answer", id, size }, [pixels]);
        return;
      }
      case "csv": {
        const { what, from, version = this.#tableVersion } = request;
        if (version !== this.#tableVersion) {
          throw InputError.of("What is shown has changed while the table was written; save it again.");
        }
        const all = otherRows(new Uint32Array(0), this.count);
        const shown = {
          rows: this.#shownOnly(what === "selected" ? this.#rows : all),
          axes: [...new Set(this.#shownNames())],
          sets: this.#sets,
        };
        this.send({ kind: "answer", id, version, ...csvPiece(this.#table, shown, from) });
        return;
      }
    }
  }

  /** The latent vector that a place on the shown axes x and y stands for, other things as with the probe. */
  #latentAt([x, y]: readonly number[]): readonly number[] {
    const { shown, probe } = this.state;
    const targets = [
      { name: shown!.x.name, value: x!, unit: shown!.x.high - shown!.x.low },
      { name: shown!.y.name, value: y!, unit: shown!.y.high - shown!.y.low },
    ];
    const axes = targets.map(({ name }) => this.#table.linear(name));
    if (axes.every((axis) => axis !== undefined)) {
      return movedLeast(
        probe,
        axes.map((axis, i) => ({ axis: axis!, value: targets[i]!.value })),
      );
    }
    const row = nearestRow(
      targets.map(({ name }) => this.#table.values(name)),
      targets.map(({ value }) => value),
      targets.map(({ unit }) => unit),
    );
    return row < 0 ? probe : this.#table.latentOf(row);
  }
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** A colour is put into styles of the page, so that it may be nothing else. */
function cssColour(colour: string): string {
  if (/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(colour)) return colour;
  throw new InputError("colour", "a colour such as #0072b2", JSON.stringify(colour));
}
