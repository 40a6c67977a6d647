import type { LatentScatterState } from "e2gmm/messages/latentScatter";
import type { ShownAxis } from "./snapshot.js";

/** An axis from 0 to 4. */
export const axisOf = (name: string): ShownAxis => ({
  name,
  title: name,
  kind: "latent",
  spreads: false,
  low: 0,
  high: 4,
});

/** State of a scatter of four particles over two axes, z1 and z2. */
export function scatterState(more: Partial<LatentScatterState> = {}): LatentScatterState {
  return {
    title: "Four particles",
    count: 4,
    latent: 3,
    axes: [],
    colours: [],
    x: "z1",
    y: "z2",
    z: null,
    colour: "",
    hidden: [],
    zoom: null,
    shown: { x: axisOf("z1"), y: axisOf("z2"), z: null },
    pointsX: Float32Array.of(0, 1, 2, 3),
    pointsY: Float32Array.of(3, 2, 1, 0),
    pointsZ: new Float32Array(0),
    drawnRows: new Uint32Array(0),
    colouring: { kind: "none" },
    colourNumbers: new Float32Array(0),
    colourCodes: new Uint16Array(0),
    density: null,
    densityCounts: new Float32Array(0),
    population: false,
    populationKnown: false,
    populationLines: new Float32Array(0),
    selected: new Uint8Array(4),
    selectedCount: 0,
    selectedBeside: new Float32Array(0),
    probe: [1, 1, 0],
    probePlace: [1, 1],
    probeNote: "",
    playedPlaces: new Float32Array(0),
    probeTo: {},
    formulas: {},
    sliders: [],
    sliderValues: [],
    anchors: [],
    stationCount: 10,
    anchorPlaces: new Float32Array(0),
    stationPlaces: new Float32Array(0),
    pathLine: new Float32Array(0),
    thumbnails: true,
    status: "",
    height: 560,
    ...more,
  };
}
