import { type Comm, type CommTransport, currentTransport, openWidgets } from "tslab-widgets";
import { InputError } from "../errors";
import { explore } from "./explore";
import { Explorer } from "./explorer";
import { type FoundRun, findRuns } from "./runFolders";

/** Comms that JupyterLab's panel opens to a kernel. */
export const panelTarget = "e2gmm.panel";

export type PanelRequest = { id: string } & ({ kind: "runs" } | { kind: "open"; folder: string });

/** An explorer that is open in the kernel. */
export interface OpenExplorer {
  /** Id of its model. */
  model: string;
  /** Run folder. */
  folder: string;
}

export type PanelAnswer =
  /** What the kernel works in, the runs below it, and the explorers that it has. */
  | { kind: "answer"; id: string; folder: string; runs: FoundRun[]; explorers: OpenExplorer[] }
  /** Id of the explorer's model. */
  | { kind: "answer"; id: string; model: string }
  | { kind: "problem"; id: string; text: string };

const served = new WeakSet<CommTransport>();

/**
 * Lets JupyterLab's panel list the runs below the kernel's working folder and open explorers of them. It is called by the
 * panel itself; without a kernel there is nothing to do.
 */
export function servePanels(): void {
  const transport = currentTransport();
  if (!transport || served.has(transport)) return;
  served.add(transport);
  transport.registerTarget(panelTarget, (comm) => {
    comm.onMessage(({ data }) => void answer(comm, data as PanelRequest));
  });
}

async function answer(comm: Comm, request: PanelRequest): Promise<void> {
  const { id } = request;
  const say = (answer: PanelAnswer) => comm.send({ ...answer });
  try {
    switch (request.kind) {
      case "runs": {
        const folder = process.cwd();
        const explorers = [...openWidgets().values()]
          .filter((widget) => widget instanceof Explorer)
          .map((widget) => ({ model: widget.id, folder: (widget as Explorer).get("run")?.folder ?? "" }));
        say({ kind: "answer", id, folder, runs: await findRuns(folder), explorers });
        return;
      }
      case "open": {
        const explorer = await explore(request.folder);
        say({ kind: "answer", id, model: explorer.id });
        return;
      }
      default:
        throw new InputError("request", "runs or open", JSON.stringify(request).slice(0, 100));
    }
  } catch (error) {
    say({ kind: "problem", id, text: (error as Error).message });
  }
}
