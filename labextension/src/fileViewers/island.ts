import { AsyncDirective, directive } from "lit/async-directive.js";
import type { ElementPart, PartInfo } from "lit/directive.js";
import { PartType } from "lit/directive.js";
import { nothing } from "lit/html.js";

/** What {@link island} opens. */
export interface Island {
  dispose(): void;
}

class IslandDirective extends AsyncDirective {
  private opened: { of: unknown; island: Island } | undefined;

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("island() is for elements");
  }

  override render(_of: unknown, _open: (host: HTMLElement, of: never) => Island): unknown {
    return nothing;
  }

  override update(
    part: ElementPart,
    [of, open]: [unknown, (host: HTMLElement, of: never) => Island],
  ): unknown {
    if (this.opened?.of !== of) {
      this.opened?.island.dispose();
      this.opened = { of, island: open(part.element as HTMLElement, of as never) };
    }
    return nothing;
  }

  protected override disconnected(): void {
    this.opened?.island.dispose();
    this.opened = undefined;
  }
}

const islandDirective = directive(IslandDirective);

/**
 * Leaves the content of an element to something that draws it by itself: a mounted view, a 3-D view, a canvas.
 * `<section ${island(model, (host, model) => new Pane(host, model))}>`
 * @param of opened again when it is another; what was open before is disposed, as when the element is removed
 */
export function island<T>(of: T, open: (host: HTMLElement, of: T) => Island) {
  return islandDirective(of, open as (host: HTMLElement, of: never) => Island);
}
