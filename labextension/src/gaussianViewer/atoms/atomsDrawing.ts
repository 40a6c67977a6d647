import { rgbOf } from "../../stage/colour.js";
import type { Drawn } from "../../stage/scene.js";
import type { Stage } from "../../stage/stage.js";
import type { Legend } from "../colours.js";
import { boxOfModel, type ViewerAccess } from "../viewerState.js";
import { CarriedTrace } from "./carriedTrace.js";

/** Colours of chains, in order of use: those of Okabe and Ito, lighter where a shaded tube would be too dark. */
const chainColours = ["#2f86c4", "#d9682b", "#23a37c", "#cc79a7", "#e0a22e", "#6cbde8"];
/** Chains that the legend names. */
const mostNamed = 6;
/** Of the tube, Å. */
const radius = 1;

/** Draws the backbone of an atomic model, where the Gaussians that are shown carry it. */
export class AtomsDrawing {
  private drawn: Drawn | undefined;
  private trace: { atoms: Float32Array; state: Float32Array; carried: CarriedTrace } | undefined;
  private placed = new Float32Array();

  constructor(
    private readonly stage: Stage,
    private readonly viewer: ViewerAccess,
  ) {}

  /** Places of the points that are drawn, [3A] in Å; empty if none are. */
  get places(): Float32Array {
    return this.placed;
  }

  /** Draws it in a state of the Gaussians, [5N]. */
  draw(shown: Float32Array): void {
    this.drawn?.dispose();
    this.drawn = undefined;
    this.placed = new Float32Array();
    const { viewer } = this;
    const atoms = viewer.read("atoms");
    const isThere = atoms.length > 0 && viewer.read("atomState").length === shown.length;
    if (!isThere || !viewer.read("atomsVisible")) return;
    const points = this.carried(atoms).in(shown);
    const chains = viewer.read("atomChains");
    const colours = chainColours.map(rgbOf);
    this.drawn = this.stage.tube({
      points,
      links: viewer.read("atomLinks"),
      colourOf: (point) => colours[chains[point]! % colours.length]!,
      radius,
    });
    this.placed = points;
  }

  private carried(atoms: Float32Array): CarriedTrace {
    const state = this.viewer.read("atomState");
    if (this.trace?.atoms !== atoms || this.trace.state !== state) {
      this.trace = { atoms, state, carried: new CarriedTrace(atoms, state, boxOfModel(this.viewer)) };
    }
    return this.trace.carried;
  }

  /** What the colours mean; undefined without atoms. */
  get legend(): Legend | undefined {
    if (!this.drawn) return undefined;
    const names = this.viewer.read("atomChainNames");
    const entries = names.slice(0, mostNamed).map((name, i) => ({
      colour: chainColours[i % chainColours.length]!,
      text: name === "" ? "chain without name" : `chain ${name}`,
    }));
    return { kind: "key", entries };
  }
}
