import type { JupyterFrontEnd } from "@jupyterlab/application";
import { type Kernel, KernelConnection } from "@jupyterlab/services";
import type { ProjectAnswer, ProjectRequest, ProjectResults } from "e2gmm/messages/project";
import { kernelSpec } from "../explorer/place.js";

const target = "e2gmm.project";
/** Registers the comm target; imports the library first if necessary. */
const registerTarget = 'void (await import("e2gmm")).explorer.serveProject();';
/** Path of the session: the server has one session of a path, so that all pages share its kernel. */
const sessionPath = "e2gmm-project";

/** Progress of a request. */
export interface RequestProgress {
  task: string;
  done: number;
  total: number;
}

/** Requests of project pages. All reject with a message for the user. */
export interface ProjectRequests {
  /**
   * @param onProgress told progress of long requests
   * @param signal     ends the request: the kernel stops its work
   */
  ask<K extends ProjectRequest["kind"]>(
    request: Extract<ProjectRequest, { kind: K }>,
    options?: { onProgress?: (progress: RequestProgress) => void; signal?: AbortSignal },
  ): Promise<ProjectResults[K]>;
}

/**
 * The kernel of the project pages: one without a notebook, in the root of the server's files, so that paths of JupyterLab's file browser
 * are paths of its working folder. It is started when a page needs it, and shared by all pages.
 */
export class ProjectKernel implements ProjectRequests {
  private connecting: Promise<Kernel.IKernelConnection> | undefined;

  constructor(private readonly app: JupyterFrontEnd) {}

  async ask<K extends ProjectRequest["kind"]>(
    request: Extract<ProjectRequest, { kind: K }>,
    { onProgress, signal }: { onProgress?: (progress: RequestProgress) => void; signal?: AbortSignal } = {},
  ): Promise<ProjectResults[K]> {
    const kernel = await this.connect();
    const comm = kernel.createComm(target);
    try {
      return await new Promise<ProjectResults[K]>((resolve, reject) => {
        const gone = () => reject(new Error("The kernel of the project pages has ended; try again"));
        kernel.disposed.connect(gone);
        kernel.statusChanged.connect((_, status) => {
          if (/dead|restarting|terminating/.test(status)) gone();
        });
        signal?.addEventListener("abort", () => reject(new Error("Stopped")), { once: true });
        comm.onClose = () =>
          reject(new Error("The kernel's e2gmm is of a different version than this extension"));
        comm.onMsg = (message) => {
          const answer = message.content.data as unknown as ProjectAnswer;
          if (answer.kind === "progress") onProgress?.(answer.progress);
          else if (answer.kind === "problem") reject(new Error(answer.text));
          else resolve(answer.result as ProjectResults[K]);
        };
        comm.open();
        comm.send({ ...(request as object), id: "1" });
      });
    } finally {
      comm.onClose = () => {};
      if (!comm.isDisposed && !kernel.isDisposed) comm.close();
    }
  }

  dispose(): void {
    // The kernel stays for other pages.
    void this.connecting?.then((kernel) => kernel.dispose()).catch(() => {});
    this.connecting = undefined;
  }

  private connect(): Promise<Kernel.IKernelConnection> {
    this.connecting ??= this.start().catch((error) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }

  private async start(): Promise<Kernel.IKernelConnection> {
    const { sessions, kernels, serverSettings } = this.app.serviceManager;
    const session = await sessions.startNew({
      ...{ name: "e2gmm project", path: sessionPath, type: "e2gmm" },
      kernel: { name: kernelSpec },
    });
    const id = session.kernel?.id;
    session.dispose();
    const model = id === undefined ? undefined : await kernels.findById(id);
    if (!model) throw new Error("The server did not start a kernel for the project pages");
    const kernel = new KernelConnection({ model, serverSettings, handleComms: true });
    const forget = () => {
      this.connecting = undefined;
    };
    kernel.disposed.connect(forget);
    kernel.statusChanged.connect((_, status) => {
      if (/dead|restarting|terminating/.test(status)) forget();
    });
    const { content } = await kernel.requestExecute({
      code: registerTarget,
      silent: true,
      store_history: false,
    }).done;
    if (content.status === "error") throw new Error(`The kernel cannot load e2gmm: ${content.evalue}`);
    return kernel;
  }
}
