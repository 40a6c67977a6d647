import { Directive, directive, type ElementPart } from "lit/directive.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, noChange, type TemplateResult } from "lit/html.js";
import type { GreyImage, HoverCardModel } from "./hoverCardModel.js";

/** The card beside the pointer. */
export function hoverCard({ target, lines, image }: HoverCardModel): TemplateResult {
  const size = image?.size ?? 0;
  // Without white space between the elements, which would be part of the text
  return html`<div
    class="e2gmm-scatter-card"
    style=${styleMap(target ? { transform: placement(target.pointer, target.area) } : {})}
    ?hidden=${!target}
    ><div class="e2gmm-scatter-card-words">${lines.map((line) => html`<div>${line}</div>`)}</div
    ><canvas
      class="e2gmm-scatter-thumbnail"
      width=${size}
      height=${size}
      ?hidden=${!image}
      ${painted(image)}
    ></canvas
  ></div>`;
}

/** Beside the pointer, on the side with more room, and within the area. Percentages are of the card's own size. */
function placement([x, y]: readonly [number, number], [width, height]: readonly [number, number]): string {
  const left =
    x > width / 2
      ? `max(2px, calc(${x - 12}px - 100%))`
      : `max(2px, min(${x + 16}px, calc(${width - 2}px - 100%)))`;
  const top = `max(4px, min(calc(${y}px - 50%), calc(${height - 4}px - 100%)))`;
  return `translate(${left}, ${top})`;
}

/** Paints an image on the canvas that it is bound to. */
class Painted extends Directive {
  private shown: GreyImage | undefined;

  override render(_image: GreyImage | undefined): unknown {
    return noChange;
  }

  override update(part: ElementPart, [image]: [GreyImage | undefined]): unknown {
    if (image && image !== this.shown) {
      const canvas = part.element as HTMLCanvasElement;
      canvas.getContext("2d")?.putImageData(new ImageData(image.bytes, image.size, image.size), 0, 0);
    }
    this.shown = image;
    return noChange;
  }
}

const painted = directive(Painted);
