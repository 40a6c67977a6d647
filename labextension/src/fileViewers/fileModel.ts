import { ViewModel } from "../view.js";
import { type FileSource, openRemoteFile, type RemoteFile } from "./remoteFile.js";

/** Settings of the file viewers, see schema/file-viewers.json. */
export interface ViewerSettings {
  /** Most megabytes that are read of a map. */
  mapMegabytes: number;
  /** Most voxels along an axis of a map as it is drawn. */
  mapEdge: number;
  /** First level of a surface in standard deviations above the mean. */
  mapLevel: number;
  /** First colour of a surface, as #rrggbb. */
  mapColour: string;
  /** Most megabytes that are read of a table. */
  starMegabytes: number;
}

/** What a viewer needs of JupyterLab. */
export interface ViewerInput {
  /** The current file: it may be renamed or rewritten while it is shown. */
  source(): FileSource;
  settings: ViewerSettings;
}

/** A read-only view of one file: the data read so far, status and problems. */
export abstract class FileModel extends ViewModel {
  private loading = new AbortController();
  private problemText: string | undefined;
  private message: string | undefined;

  constructor(protected readonly input: ViewerInput) {
    super();
  }

  /** What is wrong with the file, in sentences; undefined if nothing is. */
  get problem(): string | undefined {
    return this.problemText;
  }

  /** The status line: the current activity, or else a summary. */
  get status(): string {
    return this.message ?? this.summary;
  }

  /** Reads the file again. Errors become {@link problem}. */
  async reload(): Promise<void> {
    this.loading.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    this.say("Opening…");
    this.setProblem(undefined);
    try {
      await this.load(await openRemoteFile(this.input.source(), { signal }), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.setProblem(error instanceof Error ? error.message : String(error));
      this.say(undefined);
    }
  }

  /** Reads the file. Stops when the signal aborts; {@link reload} handles errors. */
  protected abstract load(file: RemoteFile, signal: AbortSignal): Promise<void>;

  /** Summary of the content, which may be only a part of a damaged file. */
  protected abstract get summary(): string;

  /** Sets the status; undefined: the summary. */
  say(text: string | undefined): void {
    this.message = text;
    this.changed();
  }

  /** Sets {@link problem}. */
  protected setProblem(text: string | undefined): void {
    this.problemText = text;
    this.changed();
  }

  override dispose(): void {
    this.loading.abort();
    super.dispose();
  }
}
