import path from "node:path";
import { unmeasured, type Verdict, verdictOfRun } from "../../evidence/verdict";
import { gatherRows } from "../../training/batches";
import { packDecoder } from "../../training/runs/packedDecoder";
import type { Run } from "../../training/runs/run";
import { packageVersion } from "../../version";
import type { NamedSet } from "../../workbench/setTable";
import type { ExplorerParts } from "../explorerParts";
import type { DensityMapState } from "../gaussianViewer/densityMap";
import { randomRows } from "../latentScatter/drawnPoints";
import type { LatentScatter } from "../latentScatter/latentScatter";
import { setsColumn, type TableColumn } from "../latentScatter/table";
import type { RunKnowledge } from "../runKnowledge";
import { axisTitle, observabilityColumns } from "../shownVerdict";
import {
  atomTraits,
  type PageColumn,
  type PageData,
  type PageScatter,
  type PageSecond,
  type PageSet,
  type PageViewer,
} from "./pageData";

/** Everything of a run that a page can show. */
export interface PageSource {
  run: Run;
  knowledge: RunKnowledge;
  /** Latent coordinates of all particles, [count · latent]. */
  latents: Float32Array;
  /** Default title of the page. Default: name of the particle file. */
  title?: string;
  columns: readonly TableColumn[];
  sets: readonly NamedSet[];
  scatter: Partial<PageScatter>;
  second?: PageSecond | null;
  viewer: Partial<PageViewer>;
  maps: readonly DensityMapState[];
}

/** What a page is given beside the run. */
export interface PageExtras {
  title: string | undefined;
  /** Largest number of particles. */
  particles: number;
  networks: Uint8Array;
  licences: string;
}

/** Seed of the subset of particles. */
const subsetSeed = 1;

/** The content of a page, which becomes its data with the options of the export. */
export class PageContent {
  constructor(private readonly source: PageSource) {}

  /** Everything that is written to the page. */
  data({ title, particles, networks, licences }: PageExtras): PageData {
    const { source } = this;
    const { run, knowledge, latents } = source;
    const { latent } = run;
    const count = latents.length / latent;
    const rows =
      count > particles
        ? randomRows(count, particles, subsetSeed)
        : Uint32Array.from({ length: count }, (_, row) => row);
    const name = title ?? (source.title || path.basename(run.record.inputs.particles));
    const sets = source.sets.map((set) => thinnedSet(set, rows)).filter((set) => set.rows.length > 0);
    const scatter = { ...defaultScatter(latent), ...source.scatter };
    return {
      version: 1,
      title: name,
      facts: factsOf(run, rows.length),
      verdict: verdictForOthers(run, knowledge),
      ...{ latent, count },
      latents: gatherRows(latents, latent, rows),
      axisTitles: knowledge.axes.map(axisTitle),
      columns: source.columns.map((column) => thinnedColumn(column, rows)),
      sets,
      // Sets without a particle in the page cannot colour any
      scatter: scatter.colour === setsColumn && sets.length === 0 ? { ...scatter, colour: "" } : scatter,
      viewer: { ...defaultViewer(), ...source.viewer },
      second: source.second ?? null,
      free: run.moving,
      decoder: packDecoder(run.decoder),
      ...{ networks, licences },
      maps: source.maps.map(coarser),
    };
  }
}

/** The content of a page about a run alone. */
export function contentOfRun(run: Run, knowledge: RunKnowledge, sets: readonly NamedSet[] = []): PageContent {
  const { latents } = knowledge;
  return new PageContent({
    ...{ run, knowledge, sets, scatter: sets.length > 0 ? { colour: setsColumn } : {}, viewer: {}, maps: [] },
    latents: latents?.refined ?? run.encoderLatents ?? new Float32Array(0),
    columns: latents
      ? observabilityColumns(latents).map((column) => ({ ...column, kind: "number" as const }))
      : [],
  });
}

/** The parts of an explorer that a page shows. */
export type PagedParts = Pick<ExplorerParts, "explored" | "scatter" | "viewer" | "sets"> & {
  /** The second plot, if it is shown. */
  second: LatentScatter | undefined;
};

/** The content of a page about an explorer as it is now. */
export function contentOfExplorer(
  { explored, scatter, second, viewer, sets }: PagedParts,
  run: Run,
  knowledge: RunKnowledge,
): PageContent {
  const { x, y, z, colour, hidden, colourRange, probe, anchors, stationCount } = scatter.state;
  const { colourBy, displacementFrom, sphereScale, spheresVisible, camera, shapes, slice, outlines, maps } =
    viewer.state;
  const observed = knowledge.latents ? observabilityColumns(knowledge.latents) : [];
  const used = [...new Set([...scatter.usedColumns, ...(second?.usedColumns ?? [])])];
  const further = observed.filter(({ name }) => !used.some((column) => column.name === name));
  return new PageContent({
    ...{ run, knowledge, latents: explored.latents, title: scatter.title },
    columns: [...used, ...further.map((column) => ({ ...column, kind: "number" as const }))],
    sets: [...sets],
    scatter: { x, y, z, colour, hidden, colourRange, probe, anchors, stationCount },
    second: second ? { x: second.x, y: second.y, z: second.z } : null,
    viewer: {
      ...{ colourBy, displacementFrom, sphereScale, spheresVisible, camera, shapes, slice, outlines },
      ...Object.fromEntries(atomTraits.map((trait) => [trait, viewer.state[trait]])),
    },
    maps: maps.filter(({ visible }) => visible).map((map) => map.state),
  });
}

/** The verdict without a path of this machine. */
function verdictForOthers(run: Run, { measured, axes }: RunKnowledge): Verdict {
  const verdict = verdictOfRun(run, measured, axes);
  if (verdict.kind !== "unmeasured") return verdict;
  const complete = run.record.status === "complete";
  const why = complete ? "held-out particles were not compared" : "the training had not ended";
  return { ...unmeasured(why), axes: verdict.axes };
}

function factsOf(run: Run, shown: number): [name: string, value: string][] {
  const { record, latent, neutral } = run;
  const numbered = (value: number) => value.toLocaleString("en");
  const day = (iso: string) => iso.slice(0, 10);
  const particles = numbered(record.particles);
  const symmetry = record.inputs.symmetry;
  return [
    ["Data", path.basename(record.inputs.particles)],
    [
      "Particles",
      shown < record.particles ? `${particles}, ${numbered(shown)} of them in this page` : particles,
    ],
    ["Model", `${numbered(neutral.count)} Gaussians, ${latent} latent ${latent === 1 ? "axis" : "axes"}`],
    ...(symmetry === undefined ? [] : [["Symmetry", symmetry] as [string, string]]),
    ...(record.detail
      ? [["Resolution", `${record.detail.resolution.toFixed(1)} Å`] as [string, string]]
      : []),
    ["Training", `e2gmm ${record.program.e2gmm}, ${day(record.started)}`],
    ["Page", `e2gmm ${packageVersion}, ${day(new Date().toISOString())}`],
    ...(record.checksum === undefined ? [] : [["Run", `sha256 ${record.checksum}`] as [string, string]]),
  ];
}

function defaultScatter(latent: number): PageScatter {
  return {
    ...{ x: "z1", y: latent > 1 ? "z2" : "histogram", z: null, colour: "", hidden: [], colourRange: null },
    ...{ probe: new Array<number>(latent).fill(0), anchors: [], stationCount: 10 },
  };
}

function defaultViewer(): PageViewer {
  return {
    ...{
      colourBy: "displacement",
      displacementFrom: "neutral",
      outlines: true,
      sphereScale: 0.7,
      spheresVisible: true,
      camera: [],
      shapes: [],
    },
    slice: { visible: false, map: "", axis: "z", position: 0.5 },
  };
}

function thinnedColumn(column: TableColumn, rows: Uint32Array): PageColumn {
  if (column.kind === "category") {
    const { name, kind, names, codes } = column;
    return {
      ...{ name, kind, names: [...names] },
      codes: Uint32Array.from(rows, (row) => codes[row]!),
    } as PageColumn;
  }
  const { name, kind, unit, values } = column;
  return { ...{ name, kind, unit }, values: Float32Array.from(rows, (row) => values[row]!) };
}

/** A set with the numbers that its particles have in the page. */
function thinnedSet({ name, colour, marker, rows }: NamedSet, kept: Uint32Array): PageSet {
  const members = new Set(rows);
  const own: number[] = [];
  kept.forEach((row, i) => {
    if (members.has(row)) own.push(i);
  });
  return { name, colour, marker, rows: Uint32Array.from(own), count: rows.length };
}

/** A map in 1,024 levels, which compress to half; what needs a kernel is not offered. */
function coarser(map: DensityMapState): DensityMapState {
  return { ...map, resolvable: map.resolution.length > 0, data: map.data.map((value) => value & 0xffc0) };
}
