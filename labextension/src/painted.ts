import { Directive, directive, type ElementPart, type PartInfo, PartType } from "lit/directive.js";
import { noChange } from "lit/html.js";

/** Draws an element, such as a canvas. */
type Paint = (element: Element) => void;

class Painted extends Directive {
  private last: readonly unknown[] | undefined;

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("painted() is for elements");
  }

  override render(_paint: Paint, _given: readonly unknown[]): unknown {
    return noChange;
  }

  override update({ element }: ElementPart, [paint, given]: [Paint, readonly unknown[]]): unknown {
    const { last } = this;
    if (last?.length === given.length && last.every((value, i) => Object.is(value, given[i])))
      return noChange;
    this.last = given;
    // New elements are not yet in the page, and have no size
    queueMicrotask(() => paint(element));
    return noChange;
  }
}

/** Draws an element when it is made, and again when one of the given values has changed. */
export const painted = directive(Painted);
