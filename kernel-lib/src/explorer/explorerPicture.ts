import { drawnPicture, escapeHtml, type Picture } from "tslab-widgets";
import { font, markerPaths, palette } from "../display/theme";
import { verdictCard } from "../display/verdictCard";
import { verdictLine } from "../evidence/verdict";
import { shorten } from "../shortText";
import type { RunState, SetState, VerdictState } from "./explorerState";

const gap = 12;
const rowHeight = 22;
/** Sets that are listed; the rest is counted. */
const maxRows = 24;
const maxNameLength = 60;
/** Left edges of the columns of the table. */
const columns = { marker: 14, name: 30, count: 420, resolution: 560 };

/** What of the explorer's state the picture shows. */
export interface PicturedState {
  run: RunState | null;
  sets: readonly SetState[];
  verdict: VerdictState | null;
  shownAnyway: boolean;
}

/** Width of a verdict that stands in place of the picture. */
const cardWidth = 720;

/**
 * The explorer as a still picture, for pages without a kernel: the verdict on top, scatter and viewer, and below them the table of
 * sets. If the run has found nothing, the verdict stands alone unless the picture is shown anyway.
 */
export function explorerPicture(scatter: Picture, viewer: Picture, state: PicturedState): Picture {
  const { run, sets, verdict, shownAnyway } = state;
  const title = `Explorer of ${run?.folder ?? "a run"}`;
  const concealed = verdict?.isEmpty === true && !shownAnyway;
  const pictures = concealed ? [] : [scatter, viewer];
  const text = [
    ...(verdict ? [`${title}; ${verdictLine(verdict)}`] : [title]),
    ...pictures.map((picture) => picture.text),
    sets.length === 0 ? "no sets" : `sets: ${sets.map(describe).join(", ")}`,
  ].join("; ");
  const sizes = pictures.map(({ svg }) => sizeOf(svg));
  const across = sizes.reduce((sum, size) => sum + size.width, gap);
  const width = verdict ? Math.max(across, cardWidth) : across;
  const card = verdict ? verdictCard(verdict, width) : { svg: "", height: -gap };
  const below = card.height + gap;
  const top = below + Math.max(-gap, ...sizes.map(({ height }) => height));
  const table = sets.length > 0 ? drawTable(sets, top + gap) : { svg: "", height: 0 };
  const height = table.height > 0 ? top + gap + table.height : top;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(text)}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    card.svg,
    ...pictures.map(({ svg: own }, i) => placed(own, i === 0 ? 0 : sizes[0]!.width + gap, below)),
    table.svg,
    "</svg>",
  ].join("");
  return drawnPicture(text, svg, concealed ? undefined : scatter.png);
}

/** Rows of name, number of particles and resolution, below a header. */
function drawTable(sets: readonly SetState[], top: number): { svg: string; height: number } {
  const shown = sets.slice(0, maxRows);
  const label = (x: number, row: number, text: string, more = "") =>
    `<text x="${x}" y="${top + rowHeight * row + 15}" font-size="12.5" fill="${palette.ink}"${more}>${escapeHtml(text)}</text>`;
  const header = [
    label(columns.name, 0, "Set", ' font-weight="600"'),
    label(columns.count, 0, "Particles", ' font-weight="600"'),
    label(columns.resolution, 0, "Resolution", ' font-weight="600"'),
  ];
  const rows = shown.flatMap((set, i) => [
    `<path transform="translate(${columns.marker} ${top + rowHeight * (i + 1) + 11})" d="${markerPaths[set.marker]}" fill="${escapeHtml(set.colour)}"/>`,
    label(columns.name, i + 1, shorten(set.name, maxNameLength)),
    label(columns.count, i + 1, String(set.count)),
    label(columns.resolution, i + 1, resolutionOf(set)),
  ]);
  const hidden = sets.length - shown.length;
  const more = hidden > 0 ? [label(columns.name, shown.length + 1, `and ${hidden} more`)] : [];
  return {
    svg: [...header, ...rows, ...more].join(""),
    height: rowHeight * (1 + shown.length + more.length),
  };
}

function describe(set: SetState): string {
  const resolution = resolutionOf(set);
  return `${set.name} (${set.count} particles${resolution && `, ${resolution}`})`;
}

function resolutionOf({ map }: SetState): string {
  return map?.status === "done" && map.resolution !== null ? `${map.resolution.toFixed(1)} Å` : "";
}

function sizeOf(svg: string | undefined): { width: number; height: number } {
  const [, width, height] = /^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"/.exec(svg ?? "") ?? [];
  return { width: Number(width ?? 0), height: Number(height ?? 0) };
}

/** An SVG document as part of another. */
function placed(svg: string | undefined, x: number, y: number): string {
  return svg?.replace(/^<svg /, `<svg x="${x}" y="${y}" `) ?? "";
}
