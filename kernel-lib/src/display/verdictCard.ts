import { escapeMarkup } from "tslab-widgets/display";
import type { Verdict } from "../evidence/verdict";
import { wrapped } from "../shortText";
import { font, palette } from "./theme";

/** Colour of the bar beside a verdict. */
const colours: Record<Verdict["kind"], string> = {
  found: palette.green,
  weak: palette.orange,
  none: palette.vermilion,
  unmeasured: palette.grey,
};

const left = 18;
const lineHeight = 18;
/** Mean width of a character at the size of the text. */
const characterWidth = 5.8;

/** A verdict as part of an SVG document. */
export interface VerdictCard {
  /** Elements, from (0, 0). */
  svg: string;
  height: number;
}

/** A verdict with a coloured bar beside it, as wide as a figure. @param more further lines below those of the axes */
export function verdictCard(verdict: Verdict, width: number, more: readonly string[] = []): VerdictCard {
  const { kind, facts, advice, axes } = verdict;
  const headline = verdict.headline.slice(0, 1).toUpperCase() + verdict.headline.slice(1);
  const length = Math.floor((width - left - 12) / characterWidth);
  const facing = [facts, ...(advice === "" ? [] : [advice])].flatMap((text) => wrapped(text, length));
  const lines = [...facing, ...[...axes, ...more].flatMap((text) => wrapped(text, length))];
  const height = 34 + lineHeight * lines.length + 8;
  const text = (line: string, y: number, attributes: string) =>
    `<text x="${left}" y="${y}" font-family="${font}" ${attributes}>${escapeMarkup(line)}</text>`;
  const svg = [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<rect width="5" height="${height}" fill="${colours[kind]}"/>`,
    text(headline, 23, `font-size="15" font-weight="600" fill="${palette.ink}"`),
    ...lines.map((line, i) =>
      text(
        line,
        44 + lineHeight * i,
        `font-size="12.5" fill="${i < facing.length ? palette.ink : "#555555"}"`,
      ),
    ),
  ].join("");
  return { svg, height };
}
