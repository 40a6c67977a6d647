import { html, svg, type TemplateResult } from "lit/html.js";

/** Names of the icons. */
export type IconName = keyof typeof shapes;

/** An icon for a button, drawn as strokes in a square of 16. */
export function icon(name: IconName): TemplateResult {
  return html`<svg viewBox="0 0 16 16" class="e2gmm-scatter-icon" aria-hidden="true"
    >${shapes[name].map((d) => svg`<path d=${d} />`)}</svg>`;
}

const circle = (x: number, y: number, r: number) =>
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

const shapes = {
  probe: [circle(8, 8, 3.5), "M8 1v3.5M8 11.5V15M1 8h3.5M11.5 8H15"],
  pan: ["M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.5l2 2 2-2M3.5 6l-2 2 2 2M12.5 6l2 2-2 2"],
  lasso: [
    "M8 2.5c3.6 0 6.5 1.8 6.5 4.2S11.600 11 8 11 1.500 9.100 1.500 6.700 4.400 2.500 8 2.500z",
    "M5 10.500c-1.500.8-1.300 2.500.2 2.300 1.600-.2 1.500-1.700.6-2.100",
    "M4.500 12.700c0 1-.5 1.800-1.500 2.300",
  ],
  box: ["M2 5V2h3M7 2h2M11 2h3v3M14 7v2M14 11v3h-3M9 14H7M5 14H2v-3M2 9V7"],
  radius: [circle(8, 8, 6), "M8 8h6", circle(8, 8, 0.6)],
  nearest: [
    circle(8, 8, 1),
    circle(4, 4.5, 1),
    circle(12, 4, 1),
    circle(3.5, 11.5, 1),
    circle(12, 12, 1),
    "M7 7L5 5.300M9 7.200l2-2.300M7 8.900l-2.500 1.900M9 8.900l2 2.200",
  ],
  path: ["M2.500 13C5 6 8 12 13.500 3", circle(2.5, 13, 1.3), circle(13.5, 3, 1.3), circle(7.5, 8.8, 1.3)],
  replace: ["M3 3h10v10H3z"],
  add: ["M2 2h8v8H2z", "M12 9v6M9 12h6"],
  subtract: ["M2 2h8v8H2z", "M9 12h6"],
  invert: [circle(8, 8, 6), "M8 2v12M8 4.500l4 0M8 7h5.500M8 9.500h5.500M8 12l3.500 0"],
  clear: ["M3.500 3.500l9 9M12.500 3.500l-9 9"],
  all: ["M2.500 2.500h11v11h-11z", "M5 8.200l2 2 4-4.400"],
  home: ["M2 8l6-5.500L14 8", "M4 7v6.500h8V7"],
  zoomIn: [circle(7, 7, 4.5), "M10.500 10.500L14.500 14.500M5 7h4M7 5v4"],
  zoomOut: [circle(7, 7, 4.5), "M10.500 10.500L14.500 14.500M5 7h4"],
  png: ["M1.500 4.500h3l1.500-2h4l1.500 2h3v9h-13z", circle(8, 8.7, 2.5)],
  csv: ["M8 2v8M5 7.500l3 3 3-3", "M2.500 11v3h11v-3"],
  population: [
    "M8 2.500c4 0 6.500 2 6.500 5.500s-2.500 5.500-6.500 5.500-6.500-2-6.500-5.500 2.500-5.500 6.500-5.500z",
    "M8.500 5.500c2 0 3.200 1 3.200 2.500s-1.200 2.700-3.200 2.700-3-1.200-3-2.700 1-2.500 3-2.500z",
  ],
  pairs: ["M2 2h5v5H2z", "M9 9h5v5H9z", "M2 9h5v5H2z"],
  more: [circle(3, 8, 1), circle(8, 8, 1), circle(13, 8, 1)],
  undo: ["M5.500 3L2.500 6l3 3", "M3 6h6.500a3.500 3.500 0 0 1 0 7H6"],
  anchor: [circle(8, 8, 3), "M8 2v2M8 12v2M2 8h2M12 8h2", "M8 7v2M7 8h2"],
} as const;
