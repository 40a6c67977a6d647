import { Figure } from "./figure";
import { vegaConfig } from "./theme";

const number = "(-?[\\d.]+)";
const circle = new RegExp(
  `<path transform="translate\\(${number},${number}\\)" d="M([\\d.]+),0A\\3,\\3,0,1,1,-\\3,0A\\3,\\3,0,1,1,\\3,0" `,
  "g",
);

/**
 * Halves the size of an SVG, since notebooks store it: circles as circles, coordinates rounded to a tenth of a pixel, no ARIA
 * attributes of parts. Changes only tags; Vega escapes text, so that it cannot contain any.
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

/** Widths of Helvetica's letters relative to the font size; 0.56 for all others. */
const letterWidths: readonly (readonly [RegExp, number])[] = [
  [/[ijl|'.,:;!()[\]ft\sI]/, 0.28],
  [/[mwMW%@]/, 0.86],
  [/\p{Lu}/u, 0.69],
];

/** Estimated width of a line of text in pixels. Vega's own estimate without a canvas is 1.5 times too large. */
function textWidth(item: { fontSize?: number }, text: unknown): number {
  const letters = Array.from(String(text ?? ""));
  const parts = letters.map((letter) => letterWidths.find(([kind]) => kind.test(letter))?.[1] ?? 0.56);
  return (item.fontSize ?? 11) * parts.reduce((sum, part) => sum + part, 0);
}

/**
 * A figure from a Vega-Lite specification. Text from files belongs into data and titles, never into expressions, which Vega
 * would evaluate. Vega is loaded when the first figure is drawn.
 *
 * vega and vega-lite stay at version 5: version 6 is published as ES modules only, which Node 20 cannot `require`.
 *
 * @param description the figure in words
 * @param spec        without configuration, which is the same for all figures
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

/** Vega-Lite properties of a title; none if there is no title. */
export function titleOf(title: string | undefined, subtitle?: string): object {
  if (title === undefined && subtitle === undefined) return {};
  return { title: { text: title ?? "", ...(subtitle === undefined ? {} : { subtitle }) } };
}
