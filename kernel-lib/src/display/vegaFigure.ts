import { Figure } from "./figure";
import { vegaConfig } from "./theme";

const number = "(-?[\\d.]+)";
const circle = new RegExp(
  `<path transform="translate\\(${number},${number}\\)" d="M([\\d.]+),0A\\3,\\3,0,1,1,-\\3,0A\\3,\\3,0,1,1,\\3,0" `,
  "g",
);

/**
 * The same drawing in half the bytes, since notebooks keep it: circles as circles, coordinates to a twentieth of a
 * pixel. Only tags are changed; text cannot hold one, Vega escapes it.
 */
function compact(svg: string): string {
  return svg
    .replace(/<[^>]*>/g, (tag) =>
      tag.replace(/ (?:d|transform|[xy]2?)="[^"]*"/g, (attribute) =>
        attribute.replace(/\d+\.\d{2,}/g, (digits) => String(Number(Number(digits).toFixed(1)))),
      ),
    )
    .replace(circle, '<circle cx="$1" cy="$2" r="$3" ')
    .replace(/(<circle [^>]*?) stroke-width="\d+"(?=[^>]*>)/g, (tag, kept) =>
      tag.includes("stroke=") ? tag : kept,
    );
}

/**
 * A figure from a specification of Vega-Lite. Data and labels go in as data and titles, never as expressions, so that
 * no text of a file can be taken for code. Vega is loaded when the first figure is drawn.
 */
export function vegaFigure(description: string, spec: object): Figure {
  return new Figure(description, async () => {
    const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
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
