import { InputError, StoppedError } from "../../errors";
import type { TaskOptions } from "../../progress";
import { type FscCurve, resolutionAt } from "../../reconstruction/fsc";
import type { Reconstruction } from "../../reconstruction/reconstruct";
import type { NamedSet } from "../../workbench/setTable";
import type { MapState } from "../explorerState";

/** A map of fewer particles would be meaningless. */
const minParticles = 10;

interface Entry {
  /** Outcome of the last reconstruction; undefined before the first has ended. */
  state?: Exclude<MapState, { status: "waiting" | "running" }>;
  result?: Reconstruction;
  /** Reads the result from the run folder. */
  read?: () => Promise<Reconstruction>;
  /** The reconstruction in progress; the previous result stays until it has succeeded. */
  job?: { state: MapState; controller: AbortController };
}

/** Owns the maps of sets, by set id: results and reconstructions in progress. */
export class SetMaps {
  private readonly entries = new Map<string, Entry>();

  /**
   * @param reconstructRows reconstructs the given particles
   * @param changed         called after every change
   */
  constructor(
    private readonly reconstructRows: (rows: Uint32Array, task: TaskOptions) => Promise<Reconstruction>,
    private readonly changed: () => void,
  ) {}

  /** State of the map of a set; null if there is none. */
  state(id: string): MapState | null {
    const entry = this.entries.get(id);
    return entry?.job?.state ?? entry?.state ?? null;
  }

  /** The map of a set. @throws InputError if there is none */
  async result({ id, name }: NamedSet): Promise<Reconstruction> {
    const entry = this.entries.get(id);
    const result = entry?.result ?? (await entry?.read?.());
    if (!entry || !result) throw InputError.of(`“${name}” has no map yet; reconstruct it first.`);
    entry.result = result;
    return result;
  }

  /** Adds a map of earlier, which is read when it is needed; no effect on a set that has one. */
  restore(id: string, fsc: FscCurve | null, read: () => Promise<Reconstruction>): void {
    if (this.entries.has(id)) return;
    this.entries.set(id, { read, state: { status: "done", shown: false, ...resolutionOf({ fsc }) } });
    this.changed();
  }

  /**
   * Reconstructs a set. The result is stored by id, so that the set may be renamed meanwhile; it is discarded if the set has
   * been removed. After a failure the earlier map stays.
   * @throws InputError for a set that is too small or in progress already, and for particles that cannot be read;
   * StoppedError when stopped
   */
  async reconstruct({ id, name, rows }: NamedSet): Promise<Reconstruction> {
    const entry = this.entries.get(id) ?? {};
    if (entry.job) throw InputError.of(`“${name}” is already being reconstructed.`);
    if (rows.length < minParticles) {
      throw InputError.of(
        `“${name}” has too few particles to reconstruct: ${rows.length}; ${minParticles} are needed.`,
      );
    }
    this.entries.set(id, entry);
    const controller = new AbortController();
    const setState = (state: MapState) => {
      entry.job = { state, controller };
      this.notify(id, entry);
    };
    setState({ status: "waiting" });
    try {
      const result = await this.reconstructRows(rows, {
        signal: controller.signal,
        onProgress: ({ done, total }) => setState({ status: "running", done, total }),
      });
      const shown = entry.state?.status === "done" && entry.state.shown;
      entry.result = result;
      entry.state = { status: "done", shown, ...resolutionOf(result) };
      return result;
    } catch (error) {
      const stopped = error instanceof StoppedError;
      if (!stopped && !entry.result && !entry.read)
        entry.state = { status: "failed", text: (error as Error).message };
      throw error;
    } finally {
      delete entry.job;
      if (!entry.state && this.entries.get(id) === entry) this.entries.delete(id);
      this.notify(id, entry);
    }
  }

  /** Ignores an entry that another one of the same id has replaced. */
  private notify(id: string, entry: Entry): void {
    const current = this.entries.get(id);
    if (current === entry || current === undefined) this.changed();
  }

  /** Stops a reconstruction; no effect if none is in progress. */
  stop(id: string): void {
    this.entries.get(id)?.job?.controller.abort(new Error("stopped"));
  }

  /** Records whether the viewer shows the map. */
  setShown(id: string, shown: boolean): void {
    const entry = this.entries.get(id);
    if (entry?.state?.status !== "done") return;
    entry.state = { ...entry.state, shown };
    this.changed();
  }

  /** Stops the reconstruction of a set and drops its map. */
  remove(id: string): void {
    this.stop(id);
    this.entries.delete(id);
  }

  /** Ids of the sets with a map, a failed reconstruction or one in progress. */
  get ids(): string[] {
    return [...this.entries.keys()];
  }
}

function resolutionOf({
  fsc,
}: {
  fsc?: FscCurve | null;
}): Pick<Extract<MapState, { status: "done" }>, "resolution" | "fsc"> {
  if (!fsc) return { resolution: null, fsc: null };
  const at = resolutionAt(fsc, 0.143);
  return {
    resolution: Number.isFinite(at) ? at : null,
    fsc: { frequency: Array.from(fsc.frequency.subarray(1)), fsc: Array.from(fsc.fsc.subarray(1)) },
  };
}
