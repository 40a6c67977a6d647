import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { UUID } from "@lumino/coreutils";
import { widgetModule } from "../module.js";
import { exploreIcon } from "./icon.js";
import type { ExplorerPanel } from "./panel.js";
import { kernelSpec, type PanelPlace } from "./place.js";
import { applySettings } from "./settings.js";

const id = `${widgetModule}:explorer`;
const OPEN = "e2gmm:explore";
const OPEN_FOR_NOTEBOOK = "e2gmm:explore-notebook";

/** The explorer as a panel of its own, from launcher, command palette and notebook toolbar. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id,
  description: "A panel with the explorer of an e2gmm run, attached to a running kernel.",
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
    void registry
      ?.load(id)
      .then((settings) => {
        const take = () => applySettings(settings.composite);
        settings.changed.connect(take);
        take();
      })
      .catch((error) => console.error("Settings of the e2gmm explorer cannot be read", error));

    const tracker = new WidgetTracker<MainAreaWidget<ExplorerPanel>>({ namespace: "e2gmm-explorer" });
    const open = async (place: PanelPlace) => {
      const { ExplorerPanel } = await import("./panel.js");
      const content = new ExplorerPanel(app, place);
      const main = new MainAreaWidget({ content });
      main.id = `e2gmm-explorer-${place.id}`;
      main.title.icon = exploreIcon;
      main.title.closable = true;
      content.moved.connect(() => void tracker.save(main));
      await tracker.add(main);
      app.shell.add(main, "main");
      app.shell.activateById(main.id);
    };
    app.commands.addCommand(OPEN, {
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
    palette?.addItem({ command: OPEN, category: "e2gmm", args: { isPalette: true } });
    launcher?.add({ command: OPEN, category: "Other", rank: 3 });

    const notebookKernel = (panel: NotebookPanel | null | undefined) => {
      const kernel = panel?.sessionContext.session?.kernel;
      return kernel?.name === kernelSpec ? kernel : undefined;
    };
    app.commands.addCommand(OPEN_FOR_NOTEBOOK, {
      label: "Explore run",
      caption: "Open the explorer of a run in this notebook's kernel",
      icon: exploreIcon,
      isVisible: () => notebookKernel(notebooks?.currentWidget) !== undefined,
      execute: () =>
        open({ id: UUID.uuid4(), kernel: notebookKernel(notebooks?.currentWidget)?.id, cwd: "" }),
    });
    // The button comes and goes with the kernel of the notebook in front
    notebooks?.currentChanged.connect((_, panel) => {
      app.commands.notifyCommandChanged(OPEN_FOR_NOTEBOOK);
      panel?.sessionContext.kernelChanged.connect(() => app.commands.notifyCommandChanged(OPEN_FOR_NOTEBOOK));
    });

    if (restorer) {
      void restorer.restore(tracker, {
        command: OPEN,
        args: ({ content }) => ({ ...content.place }),
        name: ({ content }) => content.place.id,
      });
    }
  },
};
