import { densityCells, densityOf, drawnSubset } from "./drawnPoints";
import { pairTraits } from "./pairSample";
import { pathTraits } from "./path";
import { PopulationLines } from "./populationLines";
import { ProbePosition, type ProbeTraits } from "./probePosition";
import { ScatterColours } from "./scatterColours";
import { ScatterSelection } from "./scatterSelection";
import type { LatentScatterState } from "./state";
import type { ScatterTable } from "./table";
import { ViewAxes } from "./viewAxes";

type State = LatentScatterState;
/** The traits set by users, from which the others are derived. */
type Choices = Pick<
  State,
  | "x"
  | "y"
  | "z"
  | "colour"
  | "hidden"
  | "colourRange"
  | "probe"
  | "anchors"
  | "latent"
  | "stationCount"
  | "shown"
  | "population"
>;

/**
 * Computes the drawn traits from the particles and the user's choices. Each method returns the traits that follow from one
 * kind of change, and never sets them. Composed of the owners of selection, colours and probe.
 */
export class DerivedState {
  /** Owns sets and colours. */
  readonly colours: ScatterColours;
  private readonly position: ProbePosition;
  private readonly populationLines: PopulationLines;
  private played: readonly (readonly number[])[] = [];
  private drawnRows: Uint32Array;
  /** Number of particles that these are some of. */
  private drawnFrom: number;

  /**
   * @param seed of the drawn subset, if there are too many particles to draw all
   * @param selection owns the selected rows; that of another plot of the same table is shared
   */
  constructor(
    readonly table: ScatterTable,
    private readonly seed: number,
    readonly selection = new ScatterSelection(),
  ) {
    this.colours = new ScatterColours(table);
    this.position = new ProbePosition(table);
    this.populationLines = new PopulationLines(table);
    this.drawnRows = drawnSubset(table.count, seed);
    this.drawnFrom = table.count;
  }

  /** Sets the standard deviations of the latent coordinates; undefined: not known. */
  setDeviations(deviations: Float32Array | undefined): void {
    this.populationLines.setDeviations(deviations);
  }

  /** Follows the table, whose latent coordinates were replaced and whose errors are not known. */
  follow(): void {
    const { count } = this.table;
    this.setDeviations(undefined);
    if (count !== this.drawnFrom) this.drawnRows = drawnSubset(count, this.seed);
    this.drawnFrom = count;
  }

  /** The shown axes. */
  view(choices: Pick<State, "x" | "y" | "z">): ViewAxes {
    return new ViewAxes(this.table, choices, this.drawnRows);
  }

  /** After a change of the columns: the choices, with defaults for an axis or colour that no longer exists. */
  validChoices({ x, y, z, colour }: Pick<State, "x" | "y" | "z" | "colour">) {
    const axes = this.table.axes();
    const isAxis = (name: string | null) => axes.some((axis) => axis.name === name);
    return {
      axes,
      colours: this.colours.choices(),
      x: isAxis(x) ? x : axes[0]!.name,
      y: isAxis(y) ? y : axes[Math.min(1, axes.length - 1)]!.name,
      z: isAxis(z) ? z : null,
      colour: this.colours.known(colour),
    };
  }

  /** After a change of particles, axes or their columns: everything drawn. */
  points(choices: Choices) {
    const view = this.view(choices);
    const shown = view.shown();
    return {
      drawnRows: this.drawnRows,
      shown,
      ...view.drawnPoints(),
      ...this.population(choices),
      ...this.colouring({ ...choices, shown }),
      ...this.selection.notDrawn(view, this.drawnRows),
      ...this.position.place(choices.probe, view),
      ...pathTraits(view, choices),
      playedPlaces: view.placesOf(this.played),
    };
  }

  /** After the choice whether the population is drawn. */
  population(
    choices: Pick<State, "x" | "y" | "z" | "population">,
  ): Pick<State, "populationKnown" | "populationLines"> {
    const { populationLines } = this;
    return {
      populationKnown: populationLines.covers(choices),
      populationLines: choices.population ? populationLines.over(choices) : new Float32Array(0),
    };
  }

  /** After a change of the colours. */
  colouring(choices: Choices) {
    this.colours.colourBy(choices.colour);
    return { ...this.colours.traits(this.drawnRows), ...this.density(choices) };
  }

  /** After a change of the hidden categories or numbers: the density behind a subset of the points; none with three axes. */
  density({
    shown,
    ...filter
  }: Pick<Choices, "shown" | "hidden" | "colourRange">): Pick<State, "density" | "densityCounts"> {
    if (this.drawnRows.length === 0 || !shown || shown.z) {
      return { density: null, densityCounts: new Float32Array(0) };
    }
    const { table } = this;
    const densityCounts = densityOf(
      { values: table.values(shown.x.name), ...shown.x },
      { values: table.values(shown.y.name), ...shown.y },
      this.colours.visible(filter),
    );
    const most = densityCounts.reduce((a, b) => Math.max(a, b), 0);
    return { density: { cells: densityCells, most }, densityCounts };
  }

  /** After the choice of the axes whose pairs are shown. */
  pairs({ pairs }: Pick<State, "pairs">): Pick<State, "pairAxes" | "pairPoints" | "pairDrawn"> {
    return pairTraits(this.table, pairs, this.drawnRows, this.seed);
  }

  /** After a change of the selection. */
  selected(choices: Choices) {
    return {
      ...this.selection.traits(this.drawnRows, this.table.count),
      ...this.selection.notDrawn(this.view(choices), this.drawnRows),
    };
  }

  /** Places the probe at a latent vector. @param row of the particle that it was moved to */
  probe(choices: Choices, z: readonly number[], row?: number): ProbeTraits {
    return this.position.place(z, this.view(choices), row);
  }

  /** Makes the sliders of the probe anew, with the titles of the axes. */
  refreshSliders(): void {
    this.position.refreshSliders();
  }

  /** Whether the probe was last placed at this latent vector. */
  isProbeAt(z: readonly number[]): boolean {
    return this.position.isAt(z);
  }

  /** After a change of the path. */
  path(choices: Choices) {
    return pathTraits(this.view(choices), choices);
  }

  /** Sets the latent vectors of a motion that is played. */
  playedPlaces(choices: Choices, played: readonly (readonly number[])[]): Pick<State, "playedPlaces"> {
    this.played = played.map((z) => Array.from(z));
    return { playedPlaces: this.view(choices).placesOf(this.played) };
  }
}
