import { InputError, StoppedError } from "../../errors";
import type { TaskOptions } from "../../progress";
import { resolutionAt } from "../../reconstruction/fsc";
import type { Reconstruction } from "../../reconstruction/reconstruct";
import type { MapState } from "../explorerState";
import type { NamedSet } from "./particleSets";

/** Fewer particles make no map that says anything. */
const LEAST_PARTICLES = 10;

interface Entry {
  /** What is there; undefined until the first map is made or its making has failed. */
  state?: Exclude<MapState, { status: "waiting" | "running" }>;
  result?: Reconstruction;
  /** The making that is going on. The map from before stays until it has ended well. */
  making?: { state: MapState; controller: AbortController };
}

/** The maps of sets, by the sets' ids: which there are, and which are being made. */
export class SetMaps {
  private readonly entries = new Map<string, Entry>();

  /**
   * @param make    reconstructs some particles
   * @param changed called after every change
   */
  constructor(
    private readonly make: (rows: Uint32Array, task: TaskOptions) => Promise<Reconstruction>,
    private readonly changed: () => void,
  ) {}

  state(id: string): MapState | null {
    const entry = this.entries.get(id);
    return entry?.making?.state ?? entry?.state ?? null;
  }

  /** The map of a set. @throws InputError where there is none */
  result({ id, name }: NamedSet): Reconstruction {
    const result = this.entries.get(id)?.result;
    if (!result) throw InputError.of(`“${name}” has no map yet; reconstruct it first.`);
    return result;
  }

  /**
   * Makes the map of a set; one that is being made already is not begun again. What comes of it belongs to the set's id:
   * the set may get another name meanwhile, and where it is removed nothing is kept. Where the making is stopped or fails,
   * a map from before stays.
   * @throws InputError for a set that is too small, and for particles that cannot be read; StoppedError when stopped
   */
  async reconstruct({ id, name, rows }: NamedSet): Promise<Reconstruction> {
    const entry = this.entries.get(id) ?? {};
    if (entry.making) throw InputError.of(`“${name}” is being reconstructed already.`);
    if (rows.length < LEAST_PARTICLES) {
      throw InputError.of(
        `“${name}” has too few particles to reconstruct: ${rows.length}, and ${LEAST_PARTICLES} are needed.`,
      );
    }
    this.entries.set(id, entry);
    const controller = new AbortController();
    const become = (state: MapState) => {
      entry.making = { state, controller };
      this.tell(id, entry);
    };
    become({ status: "waiting" });
    try {
      const result = await this.make(rows, {
        signal: controller.signal,
        onProgress: ({ done, total }) => become({ status: "running", done, total }),
      });
      const shown = entry.state?.status === "done" && entry.state.shown;
      entry.result = result;
      entry.state = { status: "done", shown, ...resolutionOf(result) };
      return result;
    } catch (error) {
      const stopped = error instanceof StoppedError;
      if (!stopped && !entry.result) entry.state = { status: "failed", text: (error as Error).message };
      throw error;
    } finally {
      delete entry.making;
      if (!entry.state && this.entries.get(id) === entry) this.entries.delete(id);
      this.tell(id, entry);
    }
  }

  /** What happens to a set that is not there any more is of no interest. */
  private tell(id: string, entry: Entry): void {
    const there = this.entries.get(id);
    if (there === entry || there === undefined) this.changed();
  }

  stop(id: string): void {
    this.entries.get(id)?.making?.controller.abort(new Error("stopped"));
  }

  /** Notes whether the viewer shows the map. */
  setShown(id: string, shown: boolean): void {
    const entry = this.entries.get(id);
    if (entry?.state?.status !== "done") return;
    entry.state = { ...entry.state, shown };
    this.changed();
  }

  /** Forgets the map of a set, or stops making it. */
  remove(id: string): void {
    this.stop(id);
    this.entries.delete(id);
  }

  /** The sets that there is or was something to say of. */
  get ids(): string[] {
    return [...this.entries.keys()];
  }
}

function resolutionOf({
  fsc,
}: Reconstruction): Pick<Extract<MapState, { status: "done" }>, "resolution" | "fsc"> {
  if (!fsc) return { resolution: null, fsc: null };
  const at = resolutionAt(fsc, 0.143);
  return {
    resolution: Number.isFinite(at) ? at : null,
    fsc: { frequency: Array.from(fsc.frequency.subarray(1)), fsc: Array.from(fsc.fsc.subarray(1)) },
  };
}
