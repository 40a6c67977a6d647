import { ViewModel } from "../view.js";
import { formatNumber } from "./headerText.js";
import type { MapData } from "./mapData.js";
import { greyPixels, type Plane, planeOf } from "./planes.js";

/** Names of the axes that a slice can be across. */
export const axisNames = ["X", "Y", "Z"] as const;
/** Index of an axis in {@link axisNames}. */
export type AxisIndex = 0 | 1 | 2;

/** The axes to the right and upwards in a slice across each axis. */
const directions = [
  ["Y", "Z"],
  ["X", "Z"],
  ["X", "Y"],
] as const;

/** One plane of a map in grey, across any axis. */
export class SliceModel extends ViewModel {
  private across: AxisIndex = 2;
  private at: number;
  private deviations: number;

  constructor(private readonly map: MapData) {
    super();
    this.at = this.middle;
    // Wide enough for shades in most of what stands out of the noise
    const { mean, rms, max } = map.statistics;
    this.deviations = rms > 0 ? Math.min(10, Math.max(3, (0.6 * (max - mean)) / rms)) : 4;
  }

  /** The axis that the slice is across; setting it shows the middle plane. */
  get axis(): AxisIndex {
    return this.across;
  }

  set axis(axis: AxisIndex) {
    this.across = axis;
    this.at = this.middle;
    this.changed();
  }

  /** Index of the plane, from 0. */
  get index(): number {
    return this.at;
  }

  set index(index: number) {
    this.at = index;
    this.changed();
  }

  /** Planes along the axis. */
  get count(): number {
    return this.map.size[this.across];
  }

  /** Standard deviations from the mean to black and to white. */
  get contrast(): number {
    return this.deviations;
  }

  set contrast(deviations: number) {
    this.deviations = deviations;
    this.changed();
  }

  private get middle(): number {
    return Math.floor(this.count / 2);
  }

  /** Which plane is shown, in words. */
  get caption(): string {
    const { across, at, map } = this;
    const place = map.origin[across] + at * map.voxel[across];
    const [right, up] = directions[across];
    return (
      `${axisNames[across]} slice ${at + 1} of ${this.count} (${formatNumber(place)} Å), ` +
      `${right} to the right, ${up} upwards`
    );
  }

  /** The plane as the bytes of an `ImageData`, and its size. */
  get picture(): { pixels: Uint8ClampedArray; plane: Plane } {
    const plane = planeOf(this.map, this.across, this.at);
    const { mean, rms } = this.map.statistics;
    const range = this.deviations * rms;
    return { plane, pixels: greyPixels(plane, { low: mean - range, high: mean + range, upwards: true }) };
  }
}
