import { ViewModel } from "../view.js";
import { formatNumber } from "./headerText.js";
import type { MapData } from "./mapData.js";

/** How a surface is first shown. */
export interface SurfaceStart {
  /** Standard deviations above the mean. */
  level: number;
  /** As #rrggbb. */
  colour: string;
  /** Name of the file. */
  name: string;
}

/** Range of the slider in standard deviations; the fields beside it accept any level. */
const sliderSigma = { lowest: -5, highest: 15 };

/** The surface of a map: its level, in standard deviations and in the map's own units, and its colour. */
export class SurfaceModel extends ViewModel {
  /** In the units of the map. */
  private levelNow: number;
  private colourNow: string;
  private isQuick = false;
  private problem: string | undefined;
  private triangles: number | undefined;

  constructor(
    readonly map: MapData,
    private readonly start: SurfaceStart,
  ) {
    super();
    this.levelNow = this.levelOf(start.level);
    this.colourNow = start.colour;
  }

  /** Name of the file. */
  get name(): string {
    return this.start.name;
  }

  /** In the units of the map. */
  get level(): number {
    return this.levelNow;
  }

  /** In standard deviations above the mean. */
  get sigma(): number {
    return this.sigmaOf(this.levelNow);
  }

  /** As #rrggbb. */
  get colour(): string {
    return this.colourNow;
  }

  /** Whether to use the averaged map while the user moves a control. */
  get quick(): boolean {
    return this.isQuick;
  }

  /** Whether the level is in the upper part of the map, so that the surface is around what is above it. */
  get isAbove(): boolean {
    return this.levelNow >= this.map.statistics.mean;
  }

  /** Ends of the slider in standard deviations. */
  get sliderRange(): { min: number; max: number } {
    const { min, max, mean, rms } = this.map.statistics;
    const step = rms > 0 ? rms : 1;
    return {
      min: Math.max(sliderSigma.lowest, (min - mean) / step),
      max: Math.min(sliderSigma.highest, (max - mean) / step),
    };
  }

  /** A message over the picture: why it is missing, or that no voxel is beyond the level; undefined without a message. */
  get message(): string | undefined {
    if (this.problem !== undefined || this.triangles !== 0) return this.problem;
    const { min, max } = this.map.statistics;
    return `No voxel is beyond this level: the map ranges from ${formatNumber(min)} to ${formatNumber(max)}.`;
  }

  /** Sets why the picture is missing; undefined if it is shown. */
  setProblem(problem: string | undefined): void {
    this.problem = problem;
    this.changed();
  }

  /** Sets the number of triangles of the surface as it is drawn. */
  setTriangles(triangles: number): void {
    if (triangles === this.triangles) return;
    this.triangles = triangles;
    this.changed();
  }

  /** Sets the level in the units of the map. */
  setLevel(level: number, quick = false): void {
    this.levelNow = level;
    this.isQuick = quick;
    this.changed();
  }

  /** Sets the level in standard deviations above the mean. */
  setSigma(sigma: number, quick = false): void {
    this.setLevel(this.levelOf(sigma), quick);
  }

  /** Sets the colour, as #rrggbb. */
  setColour(colour: string, quick = false): void {
    this.colourNow = colour;
    this.isQuick = quick;
    this.changed();
  }

  private levelOf(sigma: number): number {
    const { mean, rms } = this.map.statistics;
    return mean + sigma * rms;
  }

  private sigmaOf(level: number): number {
    const { mean, rms } = this.map.statistics;
    return rms > 0 ? (level - mean) / rms : 0;
  }
}
