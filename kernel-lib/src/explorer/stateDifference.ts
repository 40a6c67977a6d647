import { palette } from "../display/theme";
import { InputError } from "../errors";
import { lowPass } from "../maps/filter";
import { checkSameGrid } from "../maps/grid";
import type { Volume } from "../maps/volume";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { resolutionAt } from "../reconstruction/fsc";
import type { Reconstruction } from "../reconstruction/reconstruct";
import type { ExplorerParts } from "./explorerParts";
import type { DensityMap } from "./gaussianViewer/densityMap";
import type { SetReconstructions } from "./sets/setReconstructions";

/**
 * Colours of what the first state has more of, and of what the second has: apart for every kind of colour vision, and bright enough for
 * shaded surfaces in dark themes.
 */
const colours = { first: palette.sky, second: palette.vermilion } as const;
/** Surfaces are at this part of the largest difference, but never below this many standard deviations. */
const level = { part: 0.25, sigmas: 3 } as const;
/** Voxels along an edge of the densities of models, as of the density at the probe. */
const modelBox = { least: 64, most: 128 } as const;
/** Milliseconds without another place of the probe after which the difference follows. */
const delay = 250;

interface Compared {
  /** Names of the two states. */
  names: readonly [string, string];
  difference: Volume;
}

/**
 * The difference of two states as two maps in two colours: of the maps of two sets, or of the densities of the model at the probe and the
 * pinned one; then it follows the probe, at the level that it had first.
 */
export class StateDifference {
  private maps: readonly [DensityMap, DensityMap] | undefined;
  /** Level of the surfaces, which is kept so that states can be compared. */
  private height = 0;
  /** Whether it is that of the probe and the pinned state. */
  private follows = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param model the model at the probe */
  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "explored" | "viewer" | "sets">,
    private readonly reconstructions: Pick<SetReconstructions, "result">,
    private readonly model: () => GaussianModel,
  ) {}

  /**
   * Shows the difference of two sets that are reconstructed; without sets, of the state at the probe and the pinned one.
   * @param sets ids or names of none or two
   * @returns what is shown, in words
   * @throws InputError for another number of sets, a set without a map, without a pinned state, and where nothing differs
   */
  async show(sets: readonly string[]): Promise<string> {
    const compared = sets.length === 0 ? this.ofProbe() : await this.ofSets(sets);
    if (this.parts.page.closed) return "";
    const { names, difference } = compared;
    const [low, high, sigma] = spreadOf(difference);
    const most = Math.max(high, -low);
    if (!(most > 0)) throw InputError.of(`${names[0]} and ${names[1]} do not differ.`);
    this.hide();
    this.height = Math.max(level.part * most, Math.min(level.sigmas * sigma, 0.9 * most));
    const { viewer } = this.parts;
    const add = (volume: Volume, a: string, b: string, colour: string) => {
      const map = viewer.addMap(`more in ${a} than in ${b}`, volume, { colour, level: this.height });
      map.set({ opacity: 1 });
      return map;
    };
    this.maps = [
      add(difference, names[0], names[1], colours.first),
      add(negative(difference), names[1], names[0], colours.second),
    ];
    this.follows = sets.length === 0;
    this.parts.page.set({ difference: names.join(" − ") });
    return `Blue: more in ${names[0]}; vermilion: more in ${names[1]}`;
  }

  /** Removes the two maps. */
  hide(): void {
    clearTimeout(this.timer);
    for (const map of this.maps ?? []) this.parts.viewer.removeMap(map);
    this.maps = undefined;
    this.follows = false;
    this.parts.page.set({ difference: "" });
  }

  /** Follows the probe when it has come to rest. */
  probeMoved(): void {
    clearTimeout(this.timer);
    if (!this.follows) return;
    this.timer = setTimeout(() => this.update(), delay);
    this.timer.unref?.();
  }

  /** Notices maps that were removed from the viewer otherwise, and a pinned state that is let go. */
  viewerChanged(): void {
    const { viewer } = this.parts;
    const isGone = this.maps?.some((map) => !viewer.maps.includes(map)) === true;
    if (isGone || (this.follows && viewer.second.length === 0)) this.hide();
  }

  private update(): void {
    const { maps } = this;
    if (!maps || this.parts.page.closed) return;
    const { difference } = this.ofProbe();
    const look = { level: this.height };
    this.parts.viewer.replaceMap(maps[0], difference, look);
    this.parts.viewer.replaceMap(maps[1], negative(difference), look);
  }

  private ofProbe(): Compared {
    const pinned = this.parts.viewer.second;
    if (pinned.length === 0) {
      throw InputError.of("Pin a state to compare the ring with, or tick two sets that are reconstructed.");
    }
    const model = this.model();
    const boxSize = Math.min(modelBox.most, Math.max(modelBox.least, model.boxSize));
    const [a, b] = [model, { ...this.parts.explored.neutral, params: pinned }].map((one) =>
      modelDensity(one, { boxSize }),
    );
    return { names: ["the ring", "the pinned state"], difference: subtracted(a!, b!) };
  }

  private async ofSets(ids: readonly string[]): Promise<Compared> {
    const { sets } = this.parts;
    if (ids.length !== 2) {
      throw InputError.of(
        `A difference is of two sets; ${ids.length} ${ids.length === 1 ? "is" : "are"} ticked.`,
      );
    }
    const [first, second] = [sets.get(ids[0]!), sets.get(ids[1]!)];
    const [a, b] = [await this.reconstructions.result(first), await this.reconstructions.result(second)];
    return { names: [first.name, second.name], difference: mapDifference(a, b) };
  }
}

/**
 * The first map less the second, which is scaled to it by least squares. Both are filtered to the coarser of the two resolutions (FSC of
 * the half maps 0.143), where these are known.
 */
function mapDifference(a: Reconstruction, b: Reconstruction): Volume {
  checkSameGrid(a.map, b.map);
  const known = [a, b].flatMap(({ fsc }) => (fsc ? [resolutionAt(fsc, 0.143)] : []));
  const coarser = Math.max(0, ...known.filter(Number.isFinite));
  const filtered = ({ map }: Reconstruction) => (coarser > 2 * map.apix ? lowPass(map, coarser) : map);
  const [one, other] = [filtered(a), filtered(b)];
  let [cross, square] = [0, 0];
  for (let i = 0; i < one.data.length; i++) {
    cross += one.data[i]! * other.data[i]!;
    square += other.data[i]! ** 2;
  }
  // Maps of no common density are not scaled
  const scale = square > 0 && cross > 0 ? cross / square : 1;
  return subtracted(one, other, scale);
}

function subtracted(a: Volume, b: Volume, scale = 1): Volume {
  return { ...a, data: a.data.map((value, i) => value - scale * b.data[i]!) };
}

function negative(volume: Volume): Volume {
  return { ...volume, data: volume.data.map((value) => -value) };
}

/** Lowest and highest value, and standard deviation. */
function spreadOf({ data }: Volume): [low: number, high: number, sigma: number] {
  let [low, high, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    squares += value * value;
  }
  const mean = sum / data.length;
  return [low, high, Math.sqrt(Math.max(0, squares / data.length - mean ** 2))];
}
