import { DOMWidgetView } from "@jupyter-widgets/base";

/**
 * A view that can be freed when it has been removed. ipywidgets' own (base 6.0.12) gives its model a handler for
 * messages, bound to the view, that nothing takes away: as long as the model lives, every view of it that there ever was
 * stays in memory, with its elements. The handler only moves the focus on messages that our kernel does not send.
 */
export class FreedView extends DOMWidgetView {
  override remove() {
    this.model.off("msg:custom", ignored);
    return super.remove();
  }
}

/** Stands in for the handler; what is bound is the function itself, which knows no view. */
const ignored: () => void = Object.assign(() => {}, { bind: () => ignored });
FreedView.prototype.handle_message = ignored;
