import { DOMWidgetView } from "@jupyter-widgets/base";

/**
 * A view that can be garbage collected after it was removed. `DOMWidgetView` (base 6.0.12) registers a message handler at its
 * model and never removes it, so that every view stays in memory with its elements as long as the model. The handler only
 * moves the focus on messages that our kernel does not send, so it is replaced.
 */
export class FreedView extends DOMWidgetView {
  override remove() {
    this.model.off("msg:custom", ignored);
    return super.remove();
  }
}

/** Replaces the handler. Binding it returns the function itself, so it can be removed and holds no view. */
const ignored: () => void = Object.assign(() => {}, { bind: () => ignored });
FreedView.prototype.handle_message = ignored;
