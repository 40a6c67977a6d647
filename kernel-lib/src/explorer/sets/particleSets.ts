import { type Marker, markers, seriesStyle, setColours } from "../../display/theme";
import { InputError } from "../../errors";
import { checkedRows, intersectRows, otherRows, subtractRows, unionRows } from "../../latent/selection";

/** Some particles under a name. */
export interface NamedSet {
  /** What it is called inside a program: never changes, and is never the name of another set. */
  readonly id: string;
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
  /** Shape of its points in the scatter; sets of one colour have different ones, as far as there are any. */
  readonly marker: Marker;
  /** Rows of the particle table from 0, ascending, each once; never empty. */
  readonly rows: Uint32Array;
}

export type SetOperation = "union" | "intersect" | "difference";

const LONGEST_NAME = 200;

/** The sets of particles that a user has made, in their order. Names differ from each other and are otherwise any text. */
export class SetTable implements Iterable<NamedSet> {
  private readonly sets = new Map<string, NamedSet>();
  private readonly handlers = new Set<() => void>();
  private made = 0;

  /** @param count number of particles of which sets are made */
  constructor(private count: number) {}

  get size(): number {
    return this.sets.size;
  }

  [Symbol.iterator](): IterableIterator<NamedSet> {
    return this.sets.values();
  }

  /** Calls back after every change. @returns a function that ends it */
  onChange(handler: () => void): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  has(id: string): boolean {
    return this.sets.has(id);
  }

  /** The set of this id or, where there is none, of this name. @throws InputError where there is neither */
  get(idOrName: string): NamedSet {
    const set = this.sets.get(idOrName) ?? [...this].find(({ name }) => name === idOrName);
    if (set) return set;
    const names = [...this].map(({ name }) => JSON.stringify(name));
    const others = names.length > 0 ? `; there are ${names.join(", ")}` : "";
    throw InputError.of(`There is no set ${JSON.stringify(idOrName)}${others}.`);
  }

  /**
   * Adds a set at the end.
   * @param rows  in any order
   * @param about a name that is taken gets a number behind it; without one the set is called `set 1`, `set 2`, …
   * @throws InputError for no rows, rows beyond the table, an unusable name or colour
   */
  add(rows: ArrayLike<number>, about: { name?: string; colour?: string } = {}): NamedSet {
    return this.addAll([{ rows, ...about }])[0]!;
  }

  /** Adds several sets at once, or none where one of them cannot be. */
  addAll(given: readonly { rows: ArrayLike<number>; name?: string; colour?: string }[]): NamedSet[] {
    const taken = new Set([...this].flatMap(({ id, name }) => [id, name]));
    const used: SetStyle[] = [...this];
    const added = given.map(({ rows, name, colour }) => {
      if (rows.length === 0)
        throw InputError.of(
          `There are no particles in ${name === undefined ? "the selection" : `“${name}”`}.`,
        );
      const number = ++this.made;
      const id = freeId(number, taken);
      taken.add(id);
      const set: NamedSet = {
        id,
        name: freeName(checkedName(name ?? `set ${number}`), taken),
        ...(colour === undefined ? freeStyle(used) : styleOf(checkedColour(colour), used)),
        rows: checkedRows(rows, this.count),
      };
      taken.add(set.name);
      used.push(set);
      return set;
    });
    for (const set of added) this.sets.set(set.id, set);
    this.changed();
    return added;
  }

  /** @throws InputError for an unusable name, and for one that another set has */
  rename(idOrName: string, name: string): void {
    const set = this.get(idOrName);
    const checked = checkedName(name);
    if ([...this].some((other) => other.id !== set.id && [other.name, other.id].includes(checked))) {
      throw InputError.of(`Another set is called “${checked}” already; choose another name.`);
    }
    this.replace({ ...set, name: checked });
  }

  /** @throws InputError for anything but `#rrggbb` */
  recolour(idOrName: string, colour: string): void {
    const set = this.get(idOrName);
    const others = [...this].filter(({ id }) => id !== set.id);
    this.replace({ ...set, ...styleOf(checkedColour(colour), others) });
  }

  remove(idsOrNames: readonly string[]): void {
    for (const { id } of idsOrNames.map((set) => this.get(set))) this.sets.delete(id);
    this.changed();
  }

  /**
   * Makes a set of others: all that are in any, those that are in every one, or those of the first that are in none of the
   * rest.
   * @throws InputError for fewer than two sets, and where nothing is left
   */
  combine(operation: SetOperation, idsOrNames: readonly string[], name?: string): NamedSet {
    const sets = idsOrNames.map((set) => this.get(set));
    if (sets.length < 2) throw InputError.of("Choose two sets or more to combine.");
    const operate = { union: unionRows, intersect: intersectRows, difference: subtractRows }[operation];
    const sign = { union: " ∪ ", intersect: " ∩ ", difference: " − " }[operation];
    const rows = sets.map((set) => set.rows).reduce((a, b) => operate(a, b));
    const label = name ?? shortened(sets.map((set) => set.name).join(sign));
    if (rows.length === 0) throw InputError.of(`There are no particles in “${label}”.`);
    return this.add(rows, { name: label });
  }

  /** Makes a set of the particles that are not in this one. @throws InputError where it holds all */
  complement(idOrName: string, name?: string): NamedSet {
    const set = this.get(idOrName);
    return this.add(otherRows(set.rows, this.count), { name: name ?? shortened(`not ${set.name}`) });
  }

  /** For a table that begins with another number of particles: all sets go. */
  reset(count: number): void {
    this.count = count;
    this.sets.clear();
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

function checkedName(given: string): string {
  // Line ends and other control characters would break tables and files.
  const name = given.replace(/\p{Cc}+/gu, " ").trim();
  if (name === "") throw InputError.of("A set needs a name.");
  if (name.length > LONGEST_NAME) {
    throw InputError.of(
      `The name of a set may have ${LONGEST_NAME} characters; this one has ${name.length}.`,
    );
  }
  return name;
}

function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}

/** An id that is no name; a set whose name looks like one was there before. */
function freeId(number: number, taken: ReadonlySet<string>): string {
  for (let id = `set${number}`; ; id += "_") if (!taken.has(id)) return id;
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const tail = ` (${number})`;
    const next = `${name.slice(0, LONGEST_NAME - tail.length)}${tail}`;
    if (!taken.has(next)) return next;
  }
}

function checkedColour(colour: string): string {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) {
    throw InputError.of(`A colour is six hexadecimal digits such as #0072b2, not ${JSON.stringify(colour)}.`);
  }
  return colour.toLowerCase();
}

type SetStyle = Pick<NamedSet, "colour" | "marker">;

/** The first look that the fewest sets have: twelve colours, then the same with other shapes of points. */
function freeStyle(used: readonly SetStyle[]): SetStyle {
  const looks = Array.from({ length: setColours.length * markers.length }, (_, i) => seriesStyle(i));
  return leastUsed(looks, used);
}

/** A colour with the first shape that the fewest sets of this colour have. */
function styleOf(colour: string, used: readonly SetStyle[]): SetStyle {
  return leastUsed(
    markers.map((marker) => ({ colour, marker })),
    used,
  );
}

function leastUsed(looks: readonly SetStyle[], used: readonly SetStyle[]): SetStyle {
  const uses = ({ colour, marker }: SetStyle) =>
    used.filter((set) => set.colour === colour.toLowerCase() && set.marker === marker).length;
  const { colour, marker } = looks.reduce((best, look) => (uses(look) < uses(best) ? look : best));
  return { colour: colour.toLowerCase(), marker };
}
