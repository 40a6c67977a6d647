import { Widget } from "@lumino/widgets";
import "../../style/buttons.css";
import "../../style/fileViewers.css";
import { element } from "../dom.js";
import { type FileSource, openRemoteFile, type RemoteFile } from "./remoteFile.js";

/** What the settings say, see schema/file-viewers.json. */
export interface ViewerSettings {
  mapMegabytes: number;
  mapEdge: number;
  mapLevel: number;
  mapColour: string;
  starMegabytes: number;
}

/** What a viewer needs of JupyterLab. */
export interface ViewerInput {
  /** The file as it is when asked: it may be renamed or written again while it is shown. */
  source(): FileSource;
  settings: ViewerSettings;
}

/** A read-only view of one file, with a line that says what is going on. */
export abstract class FileViewer extends Widget {
  /** Everything but the status line. */
  protected readonly main = element("div", { class: "e2gmm-fileViewer-main" });
  private readonly status = element("div", { class: "e2gmm-fileViewer-status", role: "status" });
  private readonly problem = element("div", {
    class: "e2gmm-fileViewer-problem",
    role: "alert",
    hidden: true,
  });
  private loading = new AbortController();

  constructor(protected readonly input: ViewerInput) {
    super();
    this.addClass("e2gmm-fileViewer");
    this.node.append(this.problem, this.main, this.status);
  }

  /** Reads the file anew. What goes wrong is said in the widget. */
  async reload(): Promise<void> {
    this.loading.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    this.say("Opening…");
    this.showProblem(undefined);
    try {
      await this.load(await openRemoteFile(this.input.source(), signal), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.showProblem(error instanceof Error ? error.message : String(error));
      this.sayWhatIsShown();
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.loading.abort();
    super.dispose();
  }

  /** Shows the file. Work stops when the signal is set; errors are for {@link reload} to show. */
  protected abstract load(file: RemoteFile, signal: AbortSignal): Promise<void>;

  /** What the status line says when nothing more is going on; a broken file may be shown in part. */
  protected sayWhatIsShown(): void {
    this.say("");
  }

  protected say(text: string): void {
    this.status.textContent = text;
  }

  /** A sentence above everything, or nothing. */
  protected showProblem(text: string | undefined): void {
    this.problem.textContent = text ?? "";
    this.problem.hidden = text === undefined;
  }
}
