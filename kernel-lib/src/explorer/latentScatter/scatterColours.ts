import { InputError } from "../../errors";
import { checkedRows } from "../../latent/selection";
import { coloursOf, noColours, type ParticleColours, type ScatterSet } from "./colours";
import { gather } from "./drawnPoints";
import { withinRange } from "./ranges";
import type { LatentScatterState, ScatterChoice } from "./state";
import { type ScatterTable, setsColumn } from "./table";

/** Owns the sets that colour particles, and the colours of all particles. */
export class ScatterColours {
  private current: ParticleColours = noColours();
  private shownSets: readonly ScatterSet[] = [];

  constructor(private readonly table: ScatterTable) {}

  /** The sets that can colour the particles, in order. */
  get sets(): readonly ScatterSet[] {
    return this.shownSets;
  }

  /** @throws InputError for a colour that is not #rgb or #rrggbb, and for rows that do not exist */
  setSets(sets: readonly ScatterSet[]): void {
    this.shownSets = sets.map(({ name, colour, marker = "circle", rows }) => ({
      name,
      colour: checkedColour(colour),
      marker,
      rows: checkedRows(rows, this.table.count),
    }));
  }

  /** Available colourings. */
  choices(): ScatterChoice[] {
    const choices = this.table.colours();
    return this.sets.length > 0 ? [...choices, { name: setsColumn, kind: "sets" }] : choices;
  }

  /** `name` if it is an available colouring, else the empty string for no colours. */
  known(name: string): string {
    return this.choices().some((choice) => choice.name === name) ? name : "";
  }

  /** Colours the particles by an axis, a column or the sets; an empty name for none. */
  colourBy(name: string): void {
    this.current = coloursOf(this.table, name, this.sets);
  }

  /** @param drawnRows rows of the points that are drawn; empty: all */
  traits(drawnRows: Uint32Array): Pick<LatentScatterState, "colouring" | "colourNumbers" | "colourCodes"> {
    const { colouring, numbers, codes } = this.current;
    return {
      colouring,
      colourNumbers: numbers.length > 0 ? gather(numbers, drawnRows) : numbers,
      colourCodes:
        drawnRows.length > 0 && codes.length > 0 ? Uint16Array.from(drawnRows, (row) => codes[row]!) : codes,
    };
  }

  /** Whether a particle is in none of the hidden categories, and its number in the shown range; undefined if all are shown. */
  visible({
    hidden,
    colourRange,
  }: Pick<LatentScatterState, "hidden" | "colourRange">): ((row: number) => boolean) | undefined {
    const { colouring, codes, numbers } = this.current;
    if (colouring.kind === "number" && colourRange) {
      const isShown = withinRange(colourRange);
      return (row) => isShown(numbers[row]!);
    }
    if (hidden.length === 0 || !("categories" in colouring)) return undefined;
    const isHidden = colouring.categories.map(({ name }) => hidden.includes(name));
    return (row) => !isHidden[codes[row]!];
  }
}

/** The page inserts colours into styles, so anything else is rejected. */
function checkedColour(colour: string): string {
  if (/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(colour)) return colour;
  throw new InputError("colour", "a colour such as #0072b2", JSON.stringify(colour));
}
