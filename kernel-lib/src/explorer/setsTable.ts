import { markerSigns } from "../display/theme";
import { escapeHtml } from "../widgets/still";
import type { SetState } from "./explorerState";

/** The table of sets as HTML, for pages without a kernel. */
export function setsTable(sets: readonly SetState[]): string {
  const row = (cells: readonly string[], tag = "td") =>
    `<tr>${cells.map((cell) => `<${tag} style="text-align:left;padding:2px 10px">${cell}</${tag}>`).join("")}</tr>`;
  const rows = sets.map(({ name, colour, marker, count, map }) =>
    row([
      `<span style="color:${escapeHtml(colour)}">${markerSigns[marker]}</span>`,
      escapeHtml(name),
      String(count),
      map?.status === "done" && map.resolution !== null ? `${map.resolution.toFixed(1)} Å` : "",
    ]),
  );
  return `<table>${row(["", "Set", "Particles", "Resolution"], "th")}${rows.join("")}</table>`;
}
