import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../atomicWrite";
import { type Marker, markers } from "../display/theme";
import { InputError } from "../errors";
import { checked, numberIn, parsedJson, someText } from "../schema";
import { FolderHeldError, RunLock } from "../training/runs/runLock";
import { formatNumbers, parseSelection } from "../training/runs/runTables";
import type { NamedSet, WorkbenchState } from "./workbenchState";

/**
 * The files of a workbench, in the folder `workbench` of a run: `workbench.json`, and the particles of each set in a file of their own,
 * which is named by its content and never changes. So a reader always finds the particles that belong to the table, and another
 * computer needs only the folder.
 */

/** Folder of the workbench in a run folder. */
export const workbenchFolder = "workbench";
const tableFile = "workbench.json";
const setsFolder = "sets";

/** Milliseconds to wait for another process that writes. */
const patience = 10_000;
const pause = 40;
/** Tries to lock a folder that is not held. */
const mostFailures = 3;

const index = numberIn({ integer: true, least: 0 });
const vectors = v.array(v.array(numberIn({}), "a latent vector"), "a list of latent vectors");
const route = { anchors: vectors, stationCount: numberIn({ integer: true, least: 1 }) };
const named = { id: someText, name: someText };
const content = v.looseObject({
  format: v.literal(1),
  particles: numberIn({ integer: true, least: 1 }),
  latent: numberIn({ integer: true, least: 1 }),
  sets: v.array(
    v.looseObject({
      ...named,
      colour: v.pipe(v.string("#rrggbb"), v.regex(/^#[0-9a-f]{6}$/, "#rrggbb")),
      marker: v.picklist(markers, markers.join(", ")),
      count: numberIn({ integer: true, least: 1 }),
      rows: v.pipe(v.string("a checksum"), v.regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits")),
    }),
    "a list of sets",
  ),
  paths: v.array(v.looseObject({ ...named, ...route }), "a list of paths"),
  views: v.array(
    v.looseObject({
      ...named,
      scatter: v.record(v.string("text"), v.unknown()),
      viewer: v.record(v.string("text"), v.unknown()),
    }),
    "a list of views",
  ),
  drawn: v.looseObject(route),
  notes: v.string("text"),
  changes: index,
});
type Content = v.InferOutput<typeof content>;

/** The run that a workbench belongs to. */
export interface WorkbenchRun {
  /** Run folder. */
  folder: string;
  /** Number of its particles. */
  count: number;
  /** Dimensions of its latent space. */
  latent: number;
}

const checksums = new WeakMap<Uint32Array, string>();

/** Names the particles of a set: the beginning of the SHA-256 of their rows. */
export function checksumOfRows(rows: Uint32Array): string {
  let sum = checksums.get(rows);
  if (sum === undefined) {
    const little = Buffer.alloc(4 * rows.length);
    for (const [i, row] of rows.entries()) little.writeUInt32LE(row, 4 * i);
    sum = createHash("sha256").update(little).digest("hex").slice(0, 32);
    checksums.set(rows, sum);
  }
  return sum;
}

/** Reads and writes the files of one workbench. */
export class WorkbenchFiles {
  /** Folder of the files. */
  readonly folder: string;
  private readonly file: string;
  /** Rows that have been read or written, by checksum. */
  private readonly rows = new Map<string, Uint32Array>();

  constructor(private readonly run: WorkbenchRun) {
    // The working folder may change before the last write
    this.folder = path.resolve(run.folder, workbenchFolder);
    this.file = path.join(this.folder, tableFile);
  }

  /** Tells apart versions of the file; empty if there is none. */
  async version(): Promise<string> {
    const found = await stat(this.file, { bigint: true }).catch(() => undefined);
    return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : "";
  }

  /**
   * Reads the workbench; undefined if nothing was kept.
   * @throws InputError for damaged files, and for a workbench of another run
   */
  async read(): Promise<WorkbenchState | undefined> {
    for (let tries = 0; ; tries++) {
      const table = await this.readTable();
      if (!table) return undefined;
      try {
        return await this.stateOf(table);
      } catch (error) {
        // Another process may have written a new table, and removed sets that only the old one had
        if (tries > 3 || (await this.readTable())?.changes === table.changes) throw error;
      }
    }
  }

  private async readTable(): Promise<Content | undefined> {
    if (!existsSync(this.file)) return undefined;
    const text = await readFile(this.file, "utf8").catch((error) => {
      if (error.code === "ENOENT") return undefined;
      throw new InputError(this.file, "a file that can be read", error.message);
    });
    if (text === undefined) return undefined;
    const table = checked(content, parsedJson(text, this.file), this.file) as Content;
    const { count, latent } = this.run;
    if (table.particles !== count) {
      const expected = `the ${count} particles of the run`;
      throw new InputError(`${this.file}: particles`, expected, String(table.particles));
    }
    const wrong = [table.drawn, ...table.paths].some((one) => one.anchors.some((z) => z.length !== latent));
    if (table.latent !== latent || wrong) {
      throw new InputError(`${this.file}: latent`, `${latent} dimensions, as the run`, `${table.latent}`);
    }
    return table;
  }

  private async stateOf({ sets, paths, views, drawn, notes }: Content): Promise<WorkbenchState> {
    const restored: NamedSet[] = [];
    for (const { id, name, colour, marker, count, rows } of sets) {
      restored.push({ id, name, colour, marker: marker as Marker, rows: await this.readRows(rows, count) });
    }
    return { sets: restored, paths, views, drawn, notes };
  }

  private rowsFile(checksum: string): string {
    return path.join(this.folder, setsFolder, `${checksum}.txt`);
  }

  private async readRows(checksum: string, count: number): Promise<Uint32Array> {
    const known = this.rows.get(checksum);
    if (known) return known;
    const file = this.rowsFile(checksum);
    const text = await readFile(file, "utf8").catch(() => {
      throw new InputError(file, "the particles of a set", "no such file");
    });
    const rows = Uint32Array.from(parseSelection(text, file, { count, of: this.run.count }));
    if (checksumOfRows(rows) !== checksum) {
      throw new InputError(file, "the particles that the file is named by", "others");
    }
    this.rows.set(checksum, rows);
    return rows;
  }

  /**
   * Replaces the workbench by what `change` makes of it, while no other process writes.
   * @param change is given what is kept now; undefined if nothing is
   * @returns what was written, with its version
   * @throws InputError if the folder cannot be written, and if another process holds it for longer than ten seconds
   */
  async update(
    change: (kept: WorkbenchState | undefined) => WorkbenchState,
  ): Promise<{ state: WorkbenchState; version: string }> {
    return this.locked(async () => {
      const table = await this.readTable();
      const state = change(table && (await this.stateOf(table)));
      await this.write(state, (table?.changes ?? 0) + 1);
      return { state, version: await this.version() };
    });
  }

  private async write(state: WorkbenchState, changes: number): Promise<void> {
    const sets: Content["sets"] = [];
    for (const { rows, ...set } of state.sets) {
      const checksum = checksumOfRows(rows);
      this.rows.set(checksum, rows);
      const file = this.rowsFile(checksum);
      if (!existsSync(file)) {
        await mkdir(path.dirname(file), { recursive: true });
        await writeAtomic(file, formatNumbers(rows));
      }
      sets.push({ ...set, count: rows.length, rows: checksum });
    }
    const { count, latent } = this.run;
    const { paths, views, drawn, notes } = state;
    const table = { format: 1, particles: count, latent, changes, sets, paths, views, drawn, notes };
    await writeAtomic(this.file, `${JSON.stringify(table, null, 1)}\n`, { durable: true });
  }

  /** Removes the particles and maps that no set has any more. @param folders further folders with entries named by checksums */
  async tidy(folders: readonly string[] = []): Promise<void> {
    if (!existsSync(this.file)) return;
    await this.locked(async () => {
      const used = new Set((await this.readTable())?.sets.map(({ rows }) => rows));
      for (const folder of [setsFolder, ...folders]) {
        const names = await readdir(path.join(this.folder, folder)).catch(() => []);
        for (const name of names) {
          if (!/^[0-9a-f]{32}/.test(name) || used.has(name.slice(0, 32))) continue;
          await rm(path.join(this.folder, folder, name), { recursive: true, force: true });
        }
      }
    });
  }

  /** Does something while no other process writes to the workbench. */
  private async locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = await this.takeLock();
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  private async takeLock(): Promise<RunLock> {
    // A run folder that was removed is not made again
    const run = path.dirname(this.folder);
    if (!existsSync(run)) throw new InputError(run, "the run folder", "no such folder");
    const end = Date.now() + patience;
    for (let failures = 0; ; ) {
      try {
        return await RunLock.take(this.folder);
      } catch (error) {
        // The folder, which is removed while it is empty, may be gone before the lock is made; other failures come again.
        if (!(error instanceof FolderHeldError)) failures++;
        if (Date.now() > end || failures > mostFailures) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}
