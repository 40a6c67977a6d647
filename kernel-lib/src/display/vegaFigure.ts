import { Figure } from "./figure";
import { vegaConfig } from "./theme";

const number = "(-?[\\d.]+)";
const circle = new RegExp(
  `<path transform="translate\\(${number},${number}\\)" d="M([\\d.]+),0A\\3,\\3,0,1,1,-\\3,0A\\3,\\3,0,1,1,\\3,0" `,
  "g",
);

/**
 * The same drawing in half the bytes, since notebooks keep it: circles as circles, coordinates to a twentieth of a
 * pixel, no roles for parts of what is described as a whole. Only tags are changed; text cannot hold one, Vega escapes it.
 */
function compact(svg: string): string {
  return svg
    .replace(/<[^>]*>/g, (tag) =>
      tag
        .replace(/ (?:role|aria-\w+|pointer-events)="[^"]*"/g, "")
        .replace(/ (?:d|transform|[xy]2?)="[^"]*"/g, (attribute) =>
          attribute.replace(/\d+\.\d{2,}/g, (digits) => String(Number(Number(digits).toFixed(1)))),
        ),
    )
    .replace(circle, '<circle cx="$1" cy="$2" r="$3" ')
    .replace(/(<circle [^>]*?) stroke-width="\d+"(?=[^>]*>)/g, (tag, kept) =>
      tag.includes("stroke=") ? tag : kept,
    );
}

/** Widths of Helvetica's letters by kind, in parts of the font size; what is in no kind is 0.56 wide. */
const letterWidths: readonly (readonly [RegExp, number])[] = [
  [/[ijl|'.,:;!()[\]ft\sI]/, 0.28],
  [/[mwMW%@]/, 0.86],
  [/\p{Lu}/u, 0.69],
];

/** The width of a line in pixels. Vega's own guess, without a canvas to measure on, is half as wide again. */
function textWidth(item: { fontSize?: number }, text: unknown): number {
  const letters = Array.from(String(text ?? ""));
  const parts = letters.map((letter) => letterWidths.find(([kind]) => kind.test(letter))?.[1] ?? 0.56);
  return (item.fontSize ?? 11) * parts.reduce((sum, part) => sum + part, 0);
}

/**
 * A figure from a specification of Vega-Lite. Data and labels go in as data and titles, never as expressions, so that
 * no text of a file can be taken for code. Vega is loaded when the first figure is drawn.
 *
 * Versions 6 of vega and vega-lite are ES modules alone. This package is CommonJS, as cells of a notebook are, and Node 20 cannot
 * `require` them; they can follow when Node 22 is the oldest that is supported.
 */
export function vegaFigure(description: string, spec: object): Figure {
  return new Figure(description, async () => {
    const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
    (vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth;
    const complete = { ...spec, config: vegaConfig } as unknown as import("vega-lite").TopLevelSpec;
    const view = new vega.View(vega.parse(vegaLite.compile(complete).spec), { renderer: "none" });
    try {
      return compact(await view.toSVG());
    } finally {
      view.finalize();
    }
  });
}

/** A title in the form of Vega-Lite, left out where there is none. */
export function titleOf(title: string | undefined, subtitle?: string): object {
  if (title === undefined && subtitle === undefined) return {};
  return { title: { text: title ?? "", ...(subtitle === undefined ? {} : { subtitle }) } };
}
