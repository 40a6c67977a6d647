import { Directive, directive, type PropertyPart } from "lit/directive.js";
import { noChange } from "lit/html.js";

/** Where the caret at `place` of `before` is in `after`: text that was put in front moves it. */
export function movedCaret(before: string, after: string, place: number): number {
  const added = after.length - before.length;
  if (added > 0 && after.endsWith(before) && !after.startsWith(before)) return place + added;
  return Math.min(place, after.length);
}

class KeepingCaret extends Directive {
  override render(text: string): string {
    return text;
  }

  override update({ element }: PropertyPart, [text]: [string]): unknown {
    const field = element as HTMLTextAreaElement;
    const { value, selectionStart, selectionEnd } = field;
    if (value === text) return noChange;
    field.value = text;
    if (field === field.ownerDocument.activeElement) {
      field.setSelectionRange(movedCaret(value, text, selectionStart), movedCaret(value, text, selectionEnd));
    }
    return noChange;
  }
}

/** Binds the value of a text area. The caret of one in which the user types stays in its text. */
export const keepingCaret = directive(KeepingCaret);
