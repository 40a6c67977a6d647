import type { ExplorerRequest } from "e2gmm/messages/explorer";
import { type EventSource, ViewModel } from "../../view.js";

type AtomsRequest = Extract<ExplorerRequest, { kind: "atoms" }>;

/** What the form needs of an explorer. */
export interface AtomsLinks {
  /** Sends a request; what came of it is shown in the explorer's status. */
  ask(request: AtomsRequest): Promise<unknown>;
  /** The model of the viewer, if it could be opened. */
  viewer: (EventSource & { get(key: "atoms"): ArrayLike<number> | undefined }) | null;
}

/** Fields of the form that shows an atomic model. */
export class AtomsForm extends ViewModel {
  file = "";
  state: AtomsRequest["state"] = "neutral";
  /** Whether a file is being read. */
  busy = false;

  constructor(private readonly links: AtomsLinks) {
    super();
    if (links.viewer) this.follow(links.viewer, "change:atoms");
  }

  /** Whether the viewer has an atomic model. */
  get isShown(): boolean {
    return (this.links.viewer?.get("atoms")?.length ?? 0) > 0;
  }

  /** Updates the typed path. */
  typeFile(file: string): void {
    this.file = file;
  }

  /** Sets the state in which the model lies. */
  chooseState(state: AtomsRequest["state"]): void {
    this.state = state;
    this.changed();
  }

  /** Shows the model of the file; without one the explorer says what is missing. */
  show(): Promise<void> {
    return this.send(this.file.trim());
  }

  /** Removes the model. */
  remove(): Promise<void> {
    return this.send(null);
  }

  private async send(file: string | null): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.changed();
    try {
      await this.links.ask({ kind: "atoms", file, state: this.state });
    } finally {
      this.busy = false;
      this.changed();
    }
  }
}
