import { type Comm, type CommTransport, currentTransport, openWidgets } from "tslab-widgets";
import { InputError } from "../errors";
import { explore } from "./explore";
import { Explorer } from "./explorer";
import { type FoundRun, findRuns } from "./runFolders";

/** Target name of the comms that JupyterLab's panel opens to a kernel. */
export const panelTarget = "e2gmm.panel";

/** Request of the panel; the answer has the same `id`. */
export type PanelRequest = { id: string } & ({ kind: "runs" } | { kind: "open"; folder: string });

/** An explorer that is open in the kernel. */
export interface OpenExplorer {
  /** Id of its widget model. */
  model: string;
  /** Run folder. */
  folder: string;
}

/** Answer to the panel. */
export type PanelAnswer =
  /** The kernel's working folder, the runs below it, and the open explorers. */
  | { kind: "answer"; id: string; folder: string; runs: FoundRun[]; explorers: OpenExplorer[] }
  /** Id of the widget model of the explorer that was opened. */
  | { kind: "answer"; id: string; model: string }
  | { kind: "problem"; id: string; text: string };

const served = new WeakSet<CommTransport>();

/**
 * Lets JupyterLab's panel list the runs below the kernel's working folder and open their explorers. The panel calls this
 * itself; it has no effect outside a kernel.
 *
 * @example
 * ```ts
 * e2.explorer.servePanels();
 * ```
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
  const send = (answer: PanelAnswer) => comm.send({ ...answer });
  try {
    switch (request.kind) {
      case "runs": {
        const folder = process.cwd();
        const explorers = [...openWidgets().values()]
          .filter((widget) => widget instanceof Explorer)
          .map((widget) => ({ model: widget.id, folder: (widget as Explorer).get("run")?.folder ?? "" }));
        send({ kind: "answer", id, folder, runs: await findRuns(folder), explorers });
        return;
      }
      case "open": {
        const explorer = await explore(request.folder);
        send({ kind: "answer", id, model: explorer.id });
        return;
      }
      default:
        throw new InputError("request", "runs or open", JSON.stringify(request).slice(0, 100));
    }
  } catch (error) {
    send({ kind: "problem", id, text: (error as Error).message });
  }
}
