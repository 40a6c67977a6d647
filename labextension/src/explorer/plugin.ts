import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, type MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { UUID } from "@lumino/coreutils";
import { showPanel } from "../mainPanel.js";
import { widgetModule } from "../module.js";
import { exploreIcon } from "./icon.js";
import type { ExplorerPanel } from "./panel.js";
import { kernelSpec, type PanelPlace } from "./place.js";
import { applySettings } from "./settings.js";

const id = `${widgetModule}:explorer`;
const openCommand = "e2gmm:explore";
const openForNotebookCommand = "e2gmm:explore-notebook";

type OpenPanel = (place: PanelPlace) => Promise<void>;

/** The explorer as a panel, opened from launcher, command palette and notebook toolbar. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id,
  description: "A panel with the explorer of an e2gmm run, connected to a running kernel.",
  autoStart: true,
  optional: [ICommandPalette, ILauncher, INotebookTracker, ISettingRegistry, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    notebooks: INotebookTracker | null,
    registry: ISettingRegistry | null,
    restorer: ILayoutRestorer | null,
  ) => {
    if (registry) void followSettings(registry);
    const tracker = new WidgetTracker<MainAreaWidget<ExplorerPanel>>({ namespace: "e2gmm-explorer" });
    const open: OpenPanel = (place) => openPanel(app, tracker, place);
    addOpenCommand(app, open);
    addNotebookCommand(app, open, notebooks);
    palette?.addItem({ command: openCommand, category: "e2gmm", args: { isPalette: true } });
    launcher?.add({ command: openCommand, category: "Other", rank: 3 });
    void restorer?.restore(tracker, {
      command: openCommand,
      args: ({ content }) => ({ ...content.model.place }),
      name: ({ content }) => content.model.place.id,
    });
  },
};

async function followSettings(registry: ISettingRegistry): Promise<void> {
  try {
    const settings = await registry.load(id);
    settings.changed.connect(() => applySettings(settings.composite));
    applySettings(settings.composite);
  } catch (error) {
    console.error("Settings of the e2gmm explorer cannot be read", error);
  }
}

async function openPanel(
  app: JupyterFrontEnd,
  tracker: WidgetTracker<MainAreaWidget<ExplorerPanel>>,
  place: PanelPlace,
): Promise<void> {
  const { ExplorerPanel } = await import("./panel.js");
  const content = new ExplorerPanel(app, place);
  await showPanel({
    app,
    tracker,
    content,
    id: `e2gmm-explorer-${place.id}`,
    icon: exploreIcon,
    moved: content.model.moved,
  });
}

function addOpenCommand(app: JupyterFrontEnd, open: OpenPanel): void {
  app.commands.addCommand(openCommand, {
    label: (args) => (args["isPalette"] ? "Explore Run" : "Explore run"),
    caption: "Open the explorer of an e2gmm run",
    icon: exploreIcon,
    execute: (args) => {
      const text = (key: string) => (typeof args[key] === "string" ? (args[key] as string) : undefined);
      return open({
        id: text("id") ?? UUID.uuid4(),
        kernel: text("kernel"),
        model: text("model"),
        folder: text("folder"),
        cwd: text("cwd") ?? "",
      });
    },
  });
}

function addNotebookCommand(app: JupyterFrontEnd, open: OpenPanel, notebooks: INotebookTracker | null): void {
  const kernelOf = (panel: NotebookPanel | null | undefined) => {
    const kernel = panel?.sessionContext.session?.kernel;
    return kernel?.name === kernelSpec ? kernel : undefined;
  };
  app.commands.addCommand(openForNotebookCommand, {
    label: "Explore run",
    caption: "Open the explorer of a run in this notebook's kernel",
    icon: exploreIcon,
    isVisible: () => kernelOf(notebooks?.currentWidget) !== undefined,
    execute: () => open({ id: UUID.uuid4(), kernel: kernelOf(notebooks?.currentWidget)?.id, cwd: "" }),
  });
  // The toolbar button is visible only while the current notebook runs an e2gmm kernel
  const update = () => app.commands.notifyCommandChanged(openForNotebookCommand);
  notebooks?.currentChanged.connect((_, panel) => {
    update();
    panel?.sessionContext.kernelChanged.connect(update);
  });
}
