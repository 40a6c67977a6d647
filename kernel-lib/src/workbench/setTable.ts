import { randomUUID } from "node:crypto";
import { markers, seriesStyle, setColours } from "../display/theme";
import { InputError } from "../errors";
import { checkedRows, intersectRows, otherRows, subtractRows, unionRows } from "../latent/selection";
import { shorten } from "../shortText";
import { checkedName } from "./names";
import { freeName, maxNameLength, type NamedSet } from "./workbenchState";

export type { NamedSet } from "./workbenchState";

/** Rows of a new set, with its name and colour. */
export interface NewSet {
  /** Particle rows from 0, in any order. */
  rows: ArrayLike<number>;
  /** A number is appended to a name that is taken, unless by the same particles: then it is their set. Default `set 1`, `set 2`, … */
  name?: string;
  /** `#rrggbb`. Default the colour and marker that the fewest sets have. */
  colour?: string;
}

/** How sets are combined: particles in any of them, in all of them, or in the first and no other. */
export type SetOperation = "union" | "intersect" | "difference";

/**
 * The particle sets of an explorer, in order of creation. Owns the sets; listeners are called after each change.
 *
 * @example
 * ```ts
 * const sets = new e2.explorer.SetTable(200);
 * sets.add([0, 1, 2, 3], { name: "open" });
 * sets.add([2, 3, 4], { name: "closed" });
 * console.log(sets.combine("intersect", ["open", "closed"]).rows); // 2, 3
 * ```
 */
export class SetTable implements Iterable<NamedSet> {
  private readonly sets = new Map<string, NamedSet>();
  private readonly handlers = new Set<() => void>();
  private lastNumber = 0;

  /** @param count number of particles; rows of sets are from 0 to `count` − 1 */
  constructor(private count: number) {}

  /** Number of sets. */
  get size(): number {
    return this.sets.size;
  }

  /** The sets, in the order in which they were made. */
  [Symbol.iterator](): IterableIterator<NamedSet> {
    return this.sets.values();
  }

  /** Calls `handler` after every change. @returns a function that removes it */
  onChange(handler: () => void): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  /** Whether there is a set with this id; names do not count. */
  has(id: string): boolean {
    return this.sets.has(id);
  }

  /** The set with this id or else this name. @throws InputError if there is neither */
  get(idOrName: string): NamedSet {
    const set = this.sets.get(idOrName) ?? [...this].find(({ name }) => name === idOrName);
    if (set) return set;
    const names = [...this].map(({ name }) => JSON.stringify(name));
    const others = names.length > 0 ? `; there are ${names.join(", ")}` : "";
    throw InputError.of(`There is no set ${JSON.stringify(idOrName)}${others}.`);
  }

  /**
   * Adds a set at the end.
   * @param rows  particle rows from 0, in any order
   * @param about.name   a number is appended to a name that is taken, unless by the same particles, whose set it then is. Default `set 1`, `set 2`, …
   * @param about.colour `#rrggbb`. Default one that the fewest sets have
   * @throws InputError for no rows, rows that do not exist, and an unusable name or colour
   */
  add(rows: ArrayLike<number>, about: Omit<NewSet, "rows"> = {}): NamedSet {
    return this.addAll([{ rows, ...about }])[0]!;
  }

  /** Adds several sets, or none if one of them is invalid. @throws InputError as {@link add} */
  addAll(given: readonly NewSet[]): NamedSet[] {
    const taken = new Set([...this].flatMap(({ id, name }) => [id, name]));
    const used: SetStyle[] = [...this];
    let isNew = false;
    const added = given.map((set) => {
      const there = this.madeBefore(set);
      if (there) return there;
      isNew = true;
      return this.completed(set, taken, used);
    });
    for (const set of added) this.sets.set(set.id, set);
    if (isNew) this.changed();
    return added;
  }

  /** The set of this name with the same particles, as a cell that is run again makes it. */
  private madeBefore({ rows, name, colour }: NewSet): NamedSet | undefined {
    const there = name === undefined ? undefined : [...this].find((set) => set.name === name);
    if (there?.rows.length !== rows.length) return undefined;
    if (colour !== undefined && checkedColour(colour) !== there.colour) return undefined;
    const own = checkedRows(rows, this.count);
    return own.every((row, i) => row === there.rows[i]) ? there : undefined;
  }

  /** A new set with unique id, name and style, which are added to those in use. */
  private completed({ rows, name, colour }: NewSet, taken: Set<string>, used: SetStyle[]): NamedSet {
    if (rows.length === 0) {
      const where = name === undefined ? "the selection" : `“${name}”`;
      throw InputError.of(`There are no particles in ${where}.`);
    }
    let number = ++this.lastNumber;
    if (name === undefined) while (taken.has(`set ${number}`)) number = ++this.lastNumber;
    const id = freeId();
    taken.add(id);
    const set: NamedSet = {
      id,
      name: freeName(checkedName(name ?? `set ${number}`, "set"), taken),
      ...(colour === undefined ? freeStyle(used) : styleOf(checkedColour(colour), used)),
      rows: checkedRows(rows, this.count),
    };
    taken.add(set.name);
    used.push(set);
    return set;
  }

  /** Renames a set. @throws InputError for an unusable name, and for one that another set has */
  rename(idOrName: string, name: string): void {
    const set = this.get(idOrName);
    const checked = checkedName(name, "set");
    if ([...this].some((other) => other.id !== set.id && [other.name, other.id].includes(checked))) {
      throw InputError.of(`Another set is already called “${checked}”; choose another name.`);
    }
    this.replace({ ...set, name: checked });
  }

  /** Changes the colour of a set, and its marker with it. @throws InputError for anything but `#rrggbb` */
  recolour(idOrName: string, colour: string): void {
    const set = this.get(idOrName);
    const others = [...this].filter(({ id }) => id !== set.id);
    this.replace({ ...set, ...styleOf(checkedColour(colour), others) });
  }

  /** Removes sets. @throws InputError for a set that does not exist; then none is removed */
  remove(idsOrNames: readonly string[]): void {
    for (const { id } of idsOrNames.map((set) => this.get(set))) this.sets.delete(id);
    this.changed();
  }

  /**
   * Makes a set from at least two others.
   * @param name default the names of the sets with ∪, ∩ or − between them
   * @throws InputError for fewer than two sets, and for an empty result
   */
  combine(operation: SetOperation, idsOrNames: readonly string[], name?: string): NamedSet {
    const sets = idsOrNames.map((set) => this.get(set));
    if (sets.length < 2) throw InputError.of("Choose two sets or more to combine.");
    const operate = { union: unionRows, intersect: intersectRows, difference: subtractRows }[operation];
    const sign = { union: " ∪ ", intersect: " ∩ ", difference: " − " }[operation];
    const rows = sets.map((set) => set.rows).reduce((a, b) => operate(a, b));
    const label = name ?? shorten(sets.map((set) => set.name).join(sign), maxNameLength);
    if (rows.length === 0) throw InputError.of(`There are no particles in “${label}”.`);
    return this.add(rows, { name: label });
  }

  /**
   * Makes a set of the particles that are not in this one.
   * @param name default `not` and the name of the set
   * @throws InputError if the set holds all particles
   */
  complement(idOrName: string, name?: string): NamedSet {
    const set = this.get(idOrName);
    return this.add(otherRows(set.rows, this.count), {
      name: name ?? shorten(`not ${set.name}`, maxNameLength),
    });
  }

  /** Removes all sets and starts again with another number of particles. */
  reset(count: number): void {
    this.count = count;
    this.sets.clear();
    this.changed();
  }

  /** Replaces all sets by others, which are not checked. No effect if they are the same objects. */
  restore(sets: readonly NamedSet[]): void {
    const before = [...this];
    if (sets.length === before.length && sets.every((set, i) => set === before[i])) return;
    this.sets.clear();
    for (const set of sets) this.sets.set(set.id, set);
    this.changed();
  }

  private replace(set: NamedSet): void {
    this.sets.set(set.id, set);
    this.changed();
  }

  private changed(): void {
    for (const handler of [...this.handlers]) handler();
  }
}

/** An id that no set of another explorer of the run has, whichever is made first. */
function freeId(): string {
  return `set-${randomUUID().slice(0, 13)}`;
}

function checkedColour(colour: string): string {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) {
    throw InputError.of(`A colour is six hexadecimal digits such as #0072b2, not ${JSON.stringify(colour)}.`);
  }
  return colour.toLowerCase();
}

type SetStyle = Pick<NamedSet, "colour" | "marker">;

/** The first style that the fewest sets have: the colours with one marker, then with the next. */
function freeStyle(used: readonly SetStyle[]): SetStyle {
  const styles = Array.from({ length: setColours.length * markers.length }, (_, i) => seriesStyle(i));
  return leastUsed(styles, used);
}

/** A colour with the first marker that the fewest sets of this colour have. */
function styleOf(colour: string, used: readonly SetStyle[]): SetStyle {
  return leastUsed(
    markers.map((marker) => ({ colour, marker })),
    used,
  );
}

function leastUsed(styles: readonly SetStyle[], used: readonly SetStyle[]): SetStyle {
  const uses = ({ colour, marker }: SetStyle) =>
    used.filter((set) => set.colour === colour.toLowerCase() && set.marker === marker).length;
  const { colour, marker } = styles.reduce((best, style) => (uses(style) < uses(best) ? style : best));
  return { colour: colour.toLowerCase(), marker };
}
