import type { Kernel } from "@jupyterlab/services";
import type { OpenExplorer, PanelAnswer } from "e2gmm/messages/panel";
import type { FoundRun } from "e2gmm/messages/runFolders";

const TARGET = "e2gmm.panel";
/** Makes the library answer; kernels that have not imported it do so now. */
const SERVE = 'void (await import("e2gmm")).explorer.servePanels();';

type Answer = Extract<PanelAnswer, { kind: "answer" }>;

/** What the panel asks of a kernel. */
export class PanelKernel {
  constructor(private readonly kernel: Kernel.IKernelConnection) {}

  async runs(): Promise<{ folder: string; runs: FoundRun[]; explorers: OpenExplorer[] }> {
    const answer = await this.ask({ kind: "runs" });
    return "runs" in answer ? answer : { folder: "", runs: [], explorers: [] };
  }

  /** Opens the explorer of a run. @returns the id of its model */
  async open(folder: string): Promise<string> {
    const answer = await this.ask({ kind: "open", folder });
    if (!("model" in answer)) throw new Error("The kernel gave another answer than was asked for");
    return answer.model;
  }

  private async ask(request: { kind: string; [field: string]: string }): Promise<Answer> {
    const { kernel } = this;
    const execution = kernel.requestExecute({ code: SERVE, silent: true, store_history: false });
    const reply = await execution.done;
    if (reply.content.status === "error") {
      throw new Error(`The kernel cannot load e2gmm: ${reply.content.evalue}`);
    }
    if (reply.content.status === "aborted")
      throw new Error("The kernel was busy with a cell that failed; try again");
    const comm = kernel.createComm(TARGET);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const gone = () => reject(new Error("The kernel has gone"));
        kernel.disposed.connect(gone);
        kernel.statusChanged.connect((_, status) => {
          if (/dead|restarting|terminating/.test(status)) gone();
        });
        comm.onClose = () =>
          reject(new Error("The kernel's e2gmm is of another version than this extension"));
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
}
