import type { JupyterFrontEnd } from "@jupyterlab/application";
import { MainAreaWidget, type WidgetTracker } from "@jupyterlab/apputils";
import type { LabIcon } from "@jupyterlab/ui-components";
import type { ISignal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";

/** How a panel is shown, and found again after the page has been loaded again. */
export interface PanelShown<T extends Widget> {
  app: JupyterFrontEnd;
  tracker: WidgetTracker<MainAreaWidget<T>>;
  content: T;
  /** Id of the element. */
  id: string;
  icon: LabIcon;
  /** Emitted when the place that is saved with the layout has changed. */
  moved: ISignal<unknown, unknown>;
}

/** Shows a panel as a tab of JupyterLab's main area. */
export async function showPanel<T extends Widget>(shown: PanelShown<T>): Promise<void> {
  const { app, tracker, content, id, icon, moved } = shown;
  const main = new MainAreaWidget({ content });
  main.id = id;
  // It would be an empty strip above the panel
  main.toolbar.hide();
  main.title.icon = icon;
  main.title.closable = true;
  moved.connect(() => void tracker.save(main));
  await tracker.add(main);
  app.shell.add(main, "main");
  app.shell.activateById(main.id);
}
