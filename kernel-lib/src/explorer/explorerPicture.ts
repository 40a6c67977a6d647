import { drawnPicture, escapeHtml, type Picture } from "tslab-widgets";
import { font, markerPaths, palette } from "../display/theme";
import type { RunState, SetState } from "./explorerState";

const GAP = 12;
const ROW = 22;
/** Sets that are listed in a picture; of more the number is said. */
const MOST_ROWS = 24;
const COLUMNS = { sign: 14, name: 30, count: 420, resolution: 560 };

/** The explorer as a still picture, for pages without a kernel: scatter, molecule, and the table of sets. */
export function explorerPicture(
  scatter: Picture,
  viewer: Picture,
  { run, sets }: { run: RunState | null; sets: readonly SetState[] },
): Picture {
  const text = [
    `Explorer of ${run?.folder ?? "a run"}`,
    scatter.text,
    viewer.text,
    sets.length === 0 ? "no sets" : `sets: ${sets.map(described).join(", ")}`,
  ].join("; ");
  const left = sizeOf(scatter.svg);
  const right = sizeOf(viewer.svg);
  const above = Math.max(left.height, right.height);
  const shown = sets.slice(0, MOST_ROWS);
  const rows = sets.length === 0 ? 0 : shown.length + (sets.length > shown.length ? 2 : 1);
  const [width, height] = [left.width + GAP + right.width, above + (rows > 0 ? GAP + ROW * rows : 0)];
  const line = (row: number) => above + GAP + ROW * row;
  const word = (x: number, row: number, words: string, more = "") =>
    `<text x="${x}" y="${line(row) + 15}" font-size="12.5" fill="${palette.ink}"${more}>${escapeHtml(words)}</text>`;
  const table = shown.map((set, i) =>
    [
      `<path transform="translate(${COLUMNS.sign} ${line(i + 1) + 11})" d="${markerPaths[set.marker]}" fill="${escapeHtml(set.colour)}"/>`,
      word(COLUMNS.name, i + 1, shortened(set.name)),
      word(COLUMNS.count, i + 1, String(set.count)),
      word(COLUMNS.resolution, i + 1, resolutionOf(set)),
    ].join(""),
  );
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(text)}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    placed(scatter.svg, 0),
    placed(viewer.svg, left.width + GAP),
    ...(rows > 0
      ? [
          word(COLUMNS.name, 0, "Set", ' font-weight="600"'),
          word(COLUMNS.count, 0, "Particles", ' font-weight="600"'),
          word(COLUMNS.resolution, 0, "Resolution", ' font-weight="600"'),
          ...table,
          ...(sets.length > shown.length
            ? [word(COLUMNS.name, shown.length + 1, `and ${sets.length - shown.length} more`)]
            : []),
        ]
      : []),
    "</svg>",
  ].join("");
  return drawnPicture(text, svg, scatter.png);
}

function described(set: SetState): string {
  const resolution = resolutionOf(set);
  return `${set.name} (${set.count} particles${resolution && `, ${resolution}`})`;
}

function resolutionOf({ map }: SetState): string {
  return map?.status === "done" && map.resolution !== null ? `${map.resolution.toFixed(1)} Å` : "";
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name;
}

function sizeOf(svg: string | undefined): { width: number; height: number } {
  const [, width, height] = /^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"/.exec(svg ?? "") ?? [];
  return { width: Number(width ?? 0), height: Number(height ?? 0) };
}

/** A drawing inside another. */
function placed(svg: string | undefined, x: number): string {
  return svg?.replace(/^<svg /, `<svg x="${x}" y="0" `) ?? "";
}
