import { InputError, StoppedError } from "../errors";
import { resolutionAt } from "../maps/fsc";
import type { Reconstruction } from "../maps/reconstruct";
import type { TaskOptions } from "../progress";
import type { MapState } from "./explorerState";
import type { NamedSet } from "./particleSets";

/** Fewer particles make no map that says anything. */
const LEAST_PARTICLES = 10;

interface Entry {
  state: MapState;
  result?: Reconstruction;
  controller?: AbortController;
}

/** The maps of sets: which there are, and which are being made. */
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
    return this.entries.get(id)?.state ?? null;
  }

  /** The map of a set. @throws InputError where there is none */
  result({ id, name }: NamedSet): Reconstruction {
    const result = this.entries.get(id)?.result;
    if (!result) throw InputError.of(`“${name}” has no map yet; reconstruct it first.`);
    return result;
  }

  /**
   * Makes the map of a set; one that is being made already is not begun again.
   * @throws InputError for a set that is too small, and for particles that cannot be read; StoppedError when stopped
   */
  async reconstruct({ id, name, rows }: NamedSet): Promise<Reconstruction> {
    const before = this.entries.get(id);
    if (before?.controller) throw InputError.of(`“${name}” is being reconstructed already.`);
    if (rows.length < LEAST_PARTICLES) {
      throw InputError.of(
        `“${name}” has too few particles to reconstruct: ${rows.length}, and ${LEAST_PARTICLES} are needed.`,
      );
    }
    const controller = new AbortController();
    const entry: Entry = { state: { status: "waiting" }, controller };
    this.entries.set(id, entry);
    const become = (state: MapState) => {
      entry.state = state;
      if (this.entries.get(id) === entry) this.changed();
    };
    this.changed();
    try {
      const result = await this.make(rows, {
        signal: controller.signal,
        onProgress: ({ done, total }) => become({ status: "running", done, total }),
      });
      entry.result = result;
      delete entry.controller;
      become({ status: "done", shown: false, ...resolutionOf(result) });
      return result;
    } catch (error) {
      delete entry.controller;
      if (this.entries.get(id) === entry && error instanceof StoppedError) this.entries.delete(id);
      become({ status: "failed", text: (error as Error).message });
      if (error instanceof StoppedError) this.changed();
      throw error;
    }
  }

  stop(id: string): void {
    this.entries.get(id)?.controller?.abort(new Error("stopped"));
  }

  /** Notes whether the viewer shows the map. */
  setShown(id: string, shown: boolean): void {
    const entry = this.entries.get(id);
    if (entry?.state.status !== "done") return;
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
