import type { WidgetModel } from "@jupyter-widgets/base";
import type { Kernel } from "@jupyterlab/services";

/** Message of a view whose kernel has stopped. */
export const kernelGoneText =
  "The kernel is no longer running. The last state it sent is shown; run the cell again.";

/** The same, where the page decodes by itself. */
export const liveWithoutKernelText =
  "The kernel is no longer running. The molecule still follows the ring, decoded in this page; run the cell again for all else.";

/** Of widgets whose explorer can decode in the page: whether it does. */
export const decodesInPage = new WeakMap<object, () => boolean>();

/** What a widget says without its kernel: nothing where its explorer lives from the page's decoder, and says so itself. */
export function goneText(widget: object): string {
  return decodesInPage.get(widget)?.() ? "" : kernelGoneText;
}

/**
 * Watches whether the kernel of a model is still running. ipywidgets tells models of a restart (`comm_live`), but not of a
 * kernel that was shut down or died. A kernel that died and was restarted by the server has the same id and is idle, but it
 * does not know the model: its comms are disposed.
 */
export class KernelWatch {
  private readonly kernel: Kernel.IKernelConnection | null;

  /** @param changed called when the kernel's state has changed, with the value of `gone` */
  constructor(
    private readonly model: WidgetModel,
    private readonly changed: (gone: boolean) => void,
  ) {
    this.kernel = (model.widget_manager as { kernel?: Kernel.IKernelConnection | null }).kernel ?? null;
    this.kernel?.disposed.connect(this.report, this);
    this.kernel?.statusChanged.connect(this.report, this);
    model.on("comm_live_update", this.report, this);
  }

  /** Whether the kernel has been shut down, has died or was restarted. */
  get gone(): boolean {
    const { kernel, model } = this;
    const comm = model.comm as { jsServicesComm?: { isDisposed: boolean } } | undefined;
    return (
      model.comm_live === false ||
      comm?.jsServicesComm?.isDisposed === true ||
      (kernel !== null && (kernel.isDisposed || kernel.status === "dead" || kernel.status === "terminating"))
    );
  }

  /** Ends the watch. */
  dispose(): void {
    this.kernel?.disposed.disconnect(this.report, this);
    this.kernel?.statusChanged.disconnect(this.report, this);
    this.model.off("comm_live_update", this.report, this);
  }

  /** Calls the callback now. */
  report(): void {
    this.changed(this.gone);
  }
}
