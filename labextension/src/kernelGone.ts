import type { WidgetModel } from "@jupyter-widgets/base";
import type { Kernel } from "@jupyterlab/services";

/** Message of a view whose kernel is gone. */
export const kernelGoneText =
  "The kernel is no longer running. The last state it sent is shown; run the cell again.";

/**
 * Whether the kernel that a model came from is still there. ipywidgets tells models of a restart (`comm_live`), but not of
 * a kernel that was shut down or died. One that died and that the server has started anew has the same name and is well,
 * but knows nothing of the model: its comms are disposed.
 */
export class KernelWatch {
  readonly #model: WidgetModel;
  readonly #kernel: Kernel.IKernelConnection | null;
  readonly #tell: () => void;

  /** @param tell called when the answer may have changed */
  constructor(model: WidgetModel, tell: () => void) {
    this.#model = model;
    this.#tell = tell;
    this.#kernel = (model.widget_manager as { kernel?: Kernel.IKernelConnection | null }).kernel ?? null;
    this.#kernel?.disposed.connect(this.#changed, this);
    this.#kernel?.statusChanged.connect(this.#changed, this);
    model.on("comm_live_update", this.#tell);
  }

  get gone(): boolean {
    const kernel = this.#kernel;
    const comm = this.#model.comm as { jsServicesComm?: { isDisposed: boolean } } | undefined;
    return (
      this.#model.comm_live === false ||
      comm?.jsServicesComm?.isDisposed === true ||
      (kernel !== null && (kernel.isDisposed || kernel.status === "dead" || kernel.status === "terminating"))
    );
  }

  #changed(): void {
    this.#tell();
  }

  dispose(): void {
    this.#kernel?.disposed.disconnect(this.#changed, this);
    this.#kernel?.statusChanged.disconnect(this.#changed, this);
    this.#model.off("comm_live_update", this.#tell);
  }
}
