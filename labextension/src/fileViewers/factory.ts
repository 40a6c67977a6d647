import {
  ABCWidgetFactory,
  DocumentModel,
  type DocumentRegistry,
  DocumentWidget,
} from "@jupyterlab/docregistry";
import { type Contents, ServerConnection, type ServiceManager } from "@jupyterlab/services";
import { Panel, type Widget } from "@lumino/widgets";
import type { ViewerInput, ViewerSettings } from "./fileModel.js";
import type { FileViewer } from "./fileViewer.js";
import type { FileSource } from "./remoteFile.js";

const modelName = "e2gmm-unread";
const readOnlyText = "This viewer is read-only.";

/**
 * The document of a file that JupyterLab neither reads nor writes: the viewer requests the bytes that it needs. The model
 * claims to be collaborative, so that JupyterLab offers no saving and makes no checkpoint on opening, which could be a copy
 * of gigabytes.
 */
class UnreadModel extends DocumentModel {
  constructor() {
    super({ collaborationEnabled: true });
    this.readOnly = true;
  }

  override toString(): string {
    throw new Error(readOnlyText);
  }

  override toJSON(): never {
    throw new Error(readOnlyText);
  }

  override fromString(): void {}
}

/** Makes documents whose content JupyterLab does not read. */
export class UnreadModelFactory implements DocumentRegistry.IModelFactory<DocumentModel> {
  /** See `IModelFactory`. */
  readonly name = modelName;
  /** See `IModelFactory`. */
  readonly contentType = "file";
  /** None: JupyterLab then requests the metadata of the file only. */
  readonly fileFormat: Contents.FileFormat = null;
  /** See `IModelFactory`. */
  readonly collaborative = false;
  /** See `IDisposable`. */
  isDisposed = false;

  /** A document without content. */
  createNew(): DocumentModel {
    return new UnreadModel();
  }

  /** None: there is no text to edit. */
  preferredLanguage(): string {
    return "";
  }

  /** See `IDisposable`. */
  dispose(): void {
    this.isDisposed = true;
  }
}

/** What the factory of a viewer needs. */
export interface ViewerParts {
  services: ServiceManager.IManager;
  /** Settings that differ from the defaults. */
  settings(): Promise<Partial<ViewerSettings>>;
  /** Loads the class of the viewer. */
  viewer(): Promise<new (input: ViewerInput) => FileViewer>;
}

const defaults: ViewerSettings = {
  mapMegabytes: 1024,
  mapEdge: 256,
  mapLevel: 3,
  mapColour: "#7d9cba",
  starMegabytes: 1024,
};

/** Opens a tab immediately and fills it when the code of the viewer has loaded. */
export class ViewerFactory extends ABCWidgetFactory<DocumentWidget<Widget>> {
  constructor(
    options: { name: string; fileTypes: string[]; defaultFor: string[] },
    private readonly parts: ViewerParts,
  ) {
    super({ ...options, modelName, readOnly: true });
  }

  protected override createNewWidget(context: DocumentRegistry.Context): DocumentWidget<Widget> {
    // The file never changes, and a checkpoint would be a copy of the whole file
    context.save = async () => {};
    context.createCheckpoint = async () => ({ id: "", last_modified: "" });
    const content = new Panel();
    content.addClass("e2gmm-fileViewer-panel");
    const widget = new DocumentWidget<Widget>({ content, context, reveal: this.fill(content, context) });
    widget.toolbar.hide();
    return widget;
  }

  private async fill(content: Panel, context: DocumentRegistry.Context): Promise<void> {
    const { services, settings, viewer } = this.parts;
    const [Viewer, given] = await Promise.all([viewer(), settings(), context.ready]);
    if (content.isDisposed) return;
    const shown = new Viewer({
      source: () => sourceOf(context, services),
      settings: { ...defaults, ...given },
    });
    content.addWidget(shown);
    content.node.tabIndex = -1;
    void shown.model.reload();
    let modified = context.contentsModel?.last_modified;
    // An editor in another tab has saved the file, or the user has chosen "Reload File from Disk"
    context.fileChanged.connect((_, { last_modified: now }) => {
      if (shown.isDisposed || now === modified) return;
      modified = now;
      void shown.model.reload();
    });
  }
}

function sourceOf(context: DocumentRegistry.Context, services: ServiceManager.IManager): FileSource {
  const { contents, serverSettings } = services;
  const { path } = context;
  return {
    name: context.contentsModel?.name ?? path,
    size: async () => (await contents.get(path, { content: false })).size,
    raw: async (range, { signal } = {}) => {
      const address = await contents.getDownloadUrl(path);
      const init = { headers: { Range: range }, cache: "no-store", ...(signal ? { signal } : {}) } as const;
      return ServerConnection.makeRequest(address, init, serverSettings);
    },
    whole: async () => {
      const model = await contents.get(path, { type: "file", format: "base64", content: true });
      return model.content as string;
    },
  };
}
