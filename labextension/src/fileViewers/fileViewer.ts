import { Widget } from "@lumino/widgets";
import { html, nothing, render, type TemplateResult } from "lit/html.js";
import "../../style/buttons.css";
import "../../style/fileViewers.css";
import { mount, type View } from "../view.js";
import type { FileModel } from "./fileModel.js";

/** The tab of a file: problems above, a status line below, the file between them. */
export abstract class FileViewer<M extends FileModel = FileModel> extends Widget {
  private readonly view: View;

  constructor(readonly model: M) {
    super();
    this.addClass("e2gmm-fileViewer");
    this.view = mount(
      this.node,
      model,
      (model) => html`
        <div class="e2gmm-fileViewer-problem" role="alert" ?hidden=${model.problem === undefined}>${model.problem}</div>
        <div class="e2gmm-fileViewer-main">${this.content()}</div>
        <div class="e2gmm-fileViewer-status" role="status">${model.status}</div>
      `,
    );
  }

  /** Renders the content. First called by the constructor. */
  protected abstract content(): TemplateResult;

  override dispose(): void {
    if (this.isDisposed) return;
    this.view.dispose();
    this.model.dispose();
    // JupyterLab's shell keeps the element of what it has closed
    render(nothing, this.node);
    super.dispose();
  }
}
