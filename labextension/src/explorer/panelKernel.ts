import type { Kernel } from "@jupyterlab/services";
import type { PanelAnswer } from "e2gmm/messages/panel";
import type { RunListing } from "./panelModel.js";

const target = "e2gmm.panel";
/** Registers the comm target; imports the library first if necessary. */
const registerTarget = 'void (await import("e2gmm")).explorer.servePanels();';

type Answer = Extract<PanelAnswer, { kind: "answer" }>;

/** Requests of the panel to a kernel. All reject with a message for the user. */
export class PanelKernel {
  constructor(private readonly kernel: Kernel.IKernelConnection) {}

  /** Runs below the kernel's working folder, and the explorers that are open in it. */
  async runs(): Promise<RunListing> {
    const answer = await this.ask({ kind: "runs" });
    return "runs" in answer ? answer : { folder: "", runs: [], explorers: [] };
  }

  /** Opens the explorer of a run. @returns the id of its model */
  async open(folder: string): Promise<string> {
    const answer = await this.ask({ kind: "open", folder });
    if (!("model" in answer)) throw new Error("The kernel's answer does not match the request");
    return answer.model;
  }

  private async ask(request: { kind: string; [field: string]: string }): Promise<Answer> {
    await this.registerTarget();
    const { kernel } = this;
    const comm = kernel.createComm(target);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const gone = () => reject(new Error("The kernel is no longer running"));
        kernel.disposed.connect(gone);
        kernel.statusChanged.connect((_, status) => {
          if (/dead|restarting|terminating/.test(status)) gone();
        });
        comm.onClose = () =>
          reject(new Error("The kernel's e2gmm is of a different version than this extension"));
        comm.onMsg = (message) => {
          const answer = message.content.data as unknown as PanelAnswer;
          if (answer.kind === "problem") reject(new Error(answer.text));
          else resolve(answer);
        };
        comm.open();
        comm.send({ ...request, id: "1" });
      });
    } finally {
      comm.onClose = () => {};
      if (!comm.isDisposed && !kernel.isDisposed) comm.close();
    }
  }

  private async registerTarget(): Promise<void> {
    const execution = this.kernel.requestExecute({
      code: registerTarget,
      silent: true,
      store_history: false,
    });
    const { content } = await execution.done;
    if (content.status === "error") throw new Error(`The kernel cannot load e2gmm: ${content.evalue}`);
    if (content.status === "aborted") {
      throw new Error("The request was dropped because a running cell failed; try again");
    }
  }
}
