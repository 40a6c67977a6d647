import type { Marker } from "../display/theme";

/** A named set of particles. */
export interface NamedSet {
  /** Identifies the set: never changes, and is never the name of another set. */
  readonly id: string;
  /** Unique among the sets of a run. */
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
  /** Shape of its points in the scatter; tells sets of one colour apart. */
  readonly marker: Marker;
  /** Particle rows from 0, ascending and unique; never empty. */
  readonly rows: Uint32Array;
}

/** A path through the latent space. */
export interface LatentPath {
  /** Latent vectors that it passes through; empty for no path. */
  readonly anchors: readonly (readonly number[])[];
  /** Number of stations at equal distances on it. */
  readonly stationCount: number;
}

/** A path that is kept under a name. */
export interface NamedPath extends LatentPath {
  /** Identifies the path; never changes. */
  readonly id: string;
  /** Unique among the paths of a run. */
  readonly name: string;
}

/** What scatter and viewer show, kept under a name. */
export interface NamedView {
  /** Identifies the view; never changes. */
  readonly id: string;
  /** Unique among the views of a run. */
  readonly name: string;
  /** State of the latent scatter: axes, colouring, what is hidden, zoom, and the latent vector of the probe. */
  readonly scatter: Readonly<Record<string, unknown>>;
  /** State of the Gaussian viewer: orientation, what is drawn and how. */
  readonly viewer: Readonly<Record<string, unknown>>;
}

/** Everything that is made in the workbench of a run. Never modified; a change makes a new one. */
export interface WorkbenchState {
  readonly sets: readonly NamedSet[];
  /** Paths that are kept under a name. */
  readonly paths: readonly NamedPath[];
  readonly views: readonly NamedView[];
  /** The path that is drawn in the scatter. */
  readonly drawn: LatentPath;
  /** Text of the user's. */
  readonly notes: string;
}

/** A workbench in which nothing has been made. */
export const emptyState: WorkbenchState = {
  ...{ sets: [], paths: [], views: [], notes: "" },
  drawn: { anchors: [], stationCount: 10 },
};

/** Separates notes that were written at the same time. */
const separator = "\n\n— — —\n\n";

/**
 * Applies the changes from `base` to `mine` to another state, `theirs`, which also began as `base`. What only one side has changed is
 * as that side has it. Where both have changed the same set, path or view, `mine` has the last word; one that the other side has
 * deleted is back, and one that the other side has changed is not deleted. If both have changed the notes, both texts are kept.
 */
export function mergeStates(
  base: WorkbenchState,
  mine: WorkbenchState,
  theirs: WorkbenchState,
): WorkbenchState {
  if (isSameState(base, theirs)) return mine;
  if (isSameState(base, mine)) return theirs;
  return {
    sets: mergeLists(base.sets, mine.sets, theirs.sets),
    paths: mergeLists(base.paths, mine.paths, theirs.paths),
    views: mergeLists(base.views, mine.views, theirs.views),
    drawn: isSame(base.drawn, mine.drawn) ? theirs.drawn : mine.drawn,
    notes: mergeNotes(base.notes, mine.notes, theirs.notes),
  };
}

/**
 * Notes with the changes of both sides. Where one side has only added text before or behind, the other's change is put where the text
 * was; otherwise both texts are kept, `theirs` first.
 * From "open", "open, rare" and "open\nsee set 2" become "open, rare\nsee set 2".
 */
export function mergeNotes(base: string, mine: string, theirs: string): string {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base) return mine;
  return put(mine, base, theirs) ?? put(theirs, base, mine) ?? `${theirs}${separator}${mine}`;
}

/** `around` with `text` in place of `base`, where it begins or ends with that. */
function put(text: string, base: string, around: string): string | undefined {
  if (base === "") return undefined;
  if (around.startsWith(base)) return text + around.slice(base.length);
  return around.endsWith(base) ? around.slice(0, -base.length) + text : undefined;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function mergeLists<T extends Named>(base: readonly T[], mine: readonly T[], theirs: readonly T[]): T[] {
  const [before, own] = [byId(base), byId(mine)];
  const merged: T[] = [];
  for (const item of theirs) {
    const [was, now] = [before.get(item.id), own.get(item.id)];
    if (now) merged.push(was && isSame(was, now) ? item : now);
    else if (!was || !isSame(was, item)) merged.push(item);
  }
  const present = byId(theirs);
  for (const item of mine) {
    const was = before.get(item.id);
    if (!present.has(item.id) && (!was || !isSame(was, item))) merged.push(item);
  }
  return uniqueNames(merged);
}

function byId<T extends Named>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

/** Appends numbers to names that occur again. */
function uniqueNames<T extends Named>(items: readonly T[]): T[] {
  const taken = new Set<string>();
  return items.map((item) => {
    const name = freeName(item.name, taken);
    taken.add(name);
    return name === item.name ? item : { ...item, name };
  });
}

/** Largest number of characters in a name. */
export const maxNameLength = 200;

/** A name that is not taken: the given one, or with a number after it. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const tail = ` (${number})`;
    const next = `${name.slice(0, maxNameLength - tail.length)}${tail}`;
    if (!taken.has(next)) return next;
  }
}

/** Whether two states are the same, so that there is nothing to keep. */
export function isSameState(one: WorkbenchState, other: WorkbenchState): boolean {
  return one === other || isSame(one, other);
}

/** Whether two values of plain objects, arrays, typed arrays and primitives are the same. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Uint32Array && other instanceof Uint32Array) {
    return one.length === other.length && one.every((value, i) => value === other[i]);
  }
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  return keys.length === others.length && keys.every((key) => isSame(a[key], b[key]));
}
