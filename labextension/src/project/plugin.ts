import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, type MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import { IDocumentManager } from "@jupyterlab/docmanager";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { type ReadonlyPartialJSONObject, UUID } from "@lumino/coreutils";
import { exploreIcon } from "../explorer/icon.js";
import { showPanel } from "../mainPanel.js";
import { widgetModule } from "../module.js";
import type { PanelParts, ProjectPanel } from "./panel.js";
import type { ProjectPlace } from "./place.js";

const newRunCommand = "e2gmm:new-run";
const projectCommand = "e2gmm:project";

/** New runs and the runs of a project as a panel, opened from launcher and command palette. */
export const projectPlugin: JupyterFrontEndPlugin<void> = {
  id: `${widgetModule}:project`,
  description: "A panel in which e2gmm runs are started and followed, and that lists the runs of a project.",
  autoStart: true,
  requires: [IDocumentManager],
  optional: [ICommandPalette, ILauncher, INotebookTracker, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    notebooks: INotebookTracker | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const tracker = new WidgetTracker<MainAreaWidget<ProjectPanel>>({ namespace: "e2gmm-project" });
    const parts = { app, documents, notebooks };
    const add = (command: string, form: boolean, label: string, caption: string) => {
      app.commands.addCommand(command, {
        label: (args) =>
          args["isPalette"] ? label.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()) : label,
        caption,
        icon: exploreIcon,
        execute: (args) => openPanel(parts, tracker, placeOf(args, form)),
      });
      palette?.addItem({ command, category: "e2gmm", args: { isPalette: true } });
      launcher?.add({ command, category: "Other", rank: form ? 1 : 2 });
    };
    add(newRunCommand, true, "New run", "Choose particles and a map, check them, and start a run of e2gmm");
    add(projectCommand, false, "Project", "Runs of e2gmm below the folder of the server");
    void restorer?.restore(tracker, {
      command: projectCommand,
      args: ({ content }) => ({ ...content.place }) as unknown as ReadonlyPartialJSONObject,
      name: ({ content }) => content.place.id,
    });
  },
};

function placeOf(args: ReadonlyPartialJSONObject, form: boolean): ProjectPlace {
  const text = (key: string) => (typeof args[key] === "string" ? (args[key] as string) : undefined);
  return {
    id: text("id") ?? UUID.uuid4(),
    form: typeof args["form"] === "boolean" ? args["form"] : form,
    typed: (args["typed"] ?? {}) as ProjectPlace["typed"],
    task: (args["task"] ?? undefined) as ProjectPlace["task"],
    selected: text("selected"),
    cwd: text("cwd") ?? "",
  };
}

async function openPanel(
  parts: PanelParts,
  tracker: WidgetTracker<MainAreaWidget<ProjectPanel>>,
  place: ProjectPlace,
): Promise<void> {
  const { ProjectPanel } = await import("./panel.js");
  const content = new ProjectPanel(parts, place);
  await showPanel({
    app: parts.app,
    tracker,
    content,
    id: `e2gmm-project-${place.id}`,
    icon: exploreIcon,
    moved: content.moved,
  });
}
