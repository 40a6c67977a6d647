import { along, nearestPoint } from "./latentGeometry";
import { robustRange } from "./ranges";
import type { AxisFormula, LatentScatterState, ProbeSlider } from "./state";
import type { ScatterTable } from "./table";
import type { ViewAxes } from "./viewAxes";

/** Fraction of the particles outside the range of a slider, on either side. */
const outsideSlider = 0.005;

/** The traits with the position of the probe. */
export type ProbeTraits = Pick<
  LatentScatterState,
  "probe" | "probePlace" | "sliders" | "sliderValues" | "formulas"
>;

/**
 * Position of the probe along axes and sliders. Owns the particle that represents it along nonlinear axes: the one that it
 * was moved to, else the nearest.
 */
export class ProbePosition {
  private row = -1;
  private placed: readonly number[] = [];
  private sliders: readonly ProbeSlider[] = [];
  private formulas: ProbeTraits["formulas"] = {};
  /** Latent coordinates from which the ranges of the sliders were computed. */
  private sliderLatents: Float32Array | undefined;

  constructor(private readonly table: ScatterTable) {}

  /** Whether the probe was last placed at this latent vector. */
  isAt(z: readonly number[]): boolean {
    return same(z, this.placed);
  }

  /**
   * Places the probe at a latent vector.
   * @param row of the particle with this latent vector, if the probe was moved to a particle
   */
  place(z: readonly number[], view: ViewAxes, row = -1): ProbeTraits {
    if (row >= 0) this.row = row;
    else if (!this.isOnParticle(z)) this.row = -1;
    this.placed = z;
    this.updateSliders(view);
    const coordinate = (name: string) => this.coordinate(z, name);
    return {
      probe: [...z],
      probePlace: view.names.map(coordinate),
      sliders: this.sliders,
      sliderValues: this.sliders.map(({ name }) => coordinate(name)),
      formulas: this.updatedFormulas(view),
    };
  }

  /** Makes the sliders anew when the probe is placed next. */
  refreshSliders(): void {
    this.sliderLatents = undefined;
  }

  /** The formulas of axes and sliders; the same object while they are the same. */
  private updatedFormulas({ names }: ViewAxes): ProbeTraits["formulas"] {
    const found: Record<string, AxisFormula> = {};
    for (const name of [...names, ...this.sliders.map((slider) => slider.name)]) {
      const axis = this.table.linear(name);
      if (axis) found[name] = { weights: Array.from(axis.weights), offset: axis.offset };
    }
    if (JSON.stringify(found) !== JSON.stringify(this.formulas)) this.formulas = found;
    return this.formulas;
  }

  private isOnParticle(z: readonly number[]): boolean {
    const { row, table } = this;
    return row >= 0 && row < table.count && same(table.latentOf(row), z);
  }

  private coordinate(z: readonly number[], name: string): number {
    const axis = this.table.linear(name);
    if (axis) return along(axis, z);
    if (this.row < 0) this.row = nearestPoint(this.table.latents, z);
    const value = this.row < 0 ? 0 : this.table.values(name)[this.row]!;
    return Number.isFinite(value) ? value : 0;
  }

  /**
   * Sliders move the probe along the directions in which it cannot be dragged: principal components if one is shown, else
   * latent coordinates. With three axes it cannot be dragged.
   */
  private updateSliders({ names: shown }: ViewAxes): void {
    const { table } = this;
    const axes = table.axes();
    const components = axes.some(({ kind, name }) => kind === "component" && shown.includes(name));
    const names = axes
      .filter(({ kind }) => kind === (components ? "component" : "latent"))
      .map(({ name }) => name)
      .filter((name) => shown.length > 2 || !shown.includes(name));
    const before = this.sliders.map(({ name }) => name);
    if (this.sliderLatents === table.latents && same(before, names)) return;
    this.sliderLatents = table.latents;
    this.sliders = names.map((name) => ({
      ...{ name, title: table.title(name) },
      ...robustRange(table.values(name), outsideSlider),
    }));
  }
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
