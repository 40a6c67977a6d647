import { randomUUID } from "node:crypto";
import { InputError } from "../errors";
import { checkedName } from "./names";
import { freeName } from "./workbenchState";

/**
 * Things that are kept under unique names, in order of creation; listeners are called after each change.
 *
 * @example
 * ```ts
 * const { paths } = await e2.openWorkbench("RUN");
 * paths.add({ anchors: [[-1, 0], [1, 0]], stationCount: 5 }, "along z1");
 * paths.rename("along z1", "opening");
 * paths.remove("opening");
 * ```
 */
export class NamedList<T extends { readonly id: string; readonly name: string }> implements Iterable<T> {
  private items: readonly T[] = [];
  private readonly handlers = new Set<() => void>();

  /** @param kind what the things are, such as `path` */
  constructor(private readonly kind: string) {}

  /** Number of things. */
  get size(): number {
    return this.items.length;
  }

  /** The things, in the order in which they were made. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.items.values();
  }

  /** Calls `handler` after every change. @returns a function that removes it */
  onChange(handler: () => void): () => void {
    this.handlers.add(handler);
    return () => void this.handlers.delete(handler);
  }

  /** The thing with this id or else this name. @throws InputError if there is neither */
  get(idOrName: string): T {
    const found =
      this.items.find(({ id }) => id === idOrName) ?? this.items.find(({ name }) => name === idOrName);
    if (found) return found;
    const names = this.items.map(({ name }) => JSON.stringify(name)).join(", ");
    const others = names === "" ? "" : `; there are ${names}`;
    throw InputError.of(`There is no ${this.kind} ${JSON.stringify(idOrName)}${others}.`);
  }

  /**
   * Adds a thing at the end.
   * @param name a number is appended to one that is taken. Default the kind with the next number, such as `path 1`
   * @throws InputError for an unusable name
   */
  add(content: Omit<T, "id" | "name">, name?: string): T {
    const taken = new Set(this.items.map((item) => item.name));
    let number = 1;
    while (taken.has(`${this.kind} ${number}`)) number++;
    const own = freeName(checkedName(name ?? `${this.kind} ${number}`, this.kind), taken);
    const item = { ...content, id: `${this.kind}-${randomUUID().slice(0, 13)}`, name: own } as unknown as T;
    this.items = [...this.items, item];
    this.changed();
    return item;
  }

  /** Renames a thing. @throws InputError for an unusable name, and for one that is taken */
  rename(idOrName: string, name: string): void {
    const item = this.get(idOrName);
    const own = checkedName(name, this.kind);
    if (this.items.some((other) => other !== item && other.name === own)) {
      throw InputError.of(`Another ${this.kind} is already called “${own}”; choose another name.`);
    }
    this.items = this.items.map((other) => (other === item ? { ...item, name: own } : other));
    this.changed();
  }

  /** Removes a thing. @throws InputError if there is none of this id or name */
  remove(idOrName: string): void {
    const item = this.get(idOrName);
    this.items = this.items.filter((other) => other !== item);
    this.changed();
  }

  /** Replaces all things by others, which are not checked. No effect if they are the same objects. @internal */
  restore(items: readonly T[]): void {
    if (items.length === this.items.length && items.every((item, i) => item === this.items[i])) return;
    this.items = [...items];
    this.changed();
  }

  private changed(): void {
    for (const handler of [...this.handlers]) handler();
  }
}
