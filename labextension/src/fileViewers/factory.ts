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
const onlyShown = "This view shows the file and does not write it.";

/**
 * The document of a file that JupyterLab neither reads nor writes: the viewer asks for the bytes that it needs.
 * JupyterLab takes a collaborative model for one that others save, so it makes no checkpoint when the file is opened,
 * which would be a copy of a map of gigabytes, and offers no saving.
 */
class UnreadModel extends DocumentModel {
  constructor() {
    super({ collaborationEnabled: true });
    this.readOnly = true;
  }

  override toString(): string {
    throw new Error(onlyShown);
  }

  override toJSON(): never {
    throw new Error(onlyShown);
  }

  override fromString(): void {}
}

export class UnreadModelFactory implements DocumentRegistry.IModelFactory<DocumentModel> {
  readonly name = modelName;
  readonly contentType = "file";
  /** None: JupyterLab asks the server about the file and not for its content. */
  readonly fileFormat: Contents.FileFormat = null;
  readonly collaborative = false;
  isDisposed = false;

  createNew(): DocumentModel {
    return new UnreadModel();
  }

  preferredLanguage(): string {
    return "";
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

export interface ViewerParts {
  services: ServiceManager.IManager;
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

/** Opens a tab at once and fills it when the viewer's code has come. */
export class ViewerFactory extends ABCWidgetFactory<DocumentWidget<Widget>> {
  constructor(
    options: { name: string; fileTypes: string[]; defaultFor: string[] },
    private readonly parts: ViewerParts,
  ) {
    super({ ...options, modelName, readOnly: true });
  }

  protected override createNewWidget(context: DocumentRegistry.Context): DocumentWidget<Widget> {
    // There is nothing to be saved, and a checkpoint would be a copy of the whole file
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
    // Also when the file was saved by an editor in another tab, or "Reload File from Disk" was chosen
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
