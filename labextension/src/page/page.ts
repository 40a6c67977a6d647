import type { DOMWidgetView, WidgetModel } from "@jupyter-widgets/base";
import { Widget } from "@lumino/widgets";
import { type PageData, pageGlobal, pageIds } from "e2gmm/messages/page";
import { unpackValues } from "e2gmm/packedValues";
import { PageKernel } from "e2gmm/page";
import { createRef } from "lit/directives/ref.js";
import "@lumino/widgets/style/index.css";
import "../../style/explorer.css";
import "../../style/secondPlot.css";
import "../../style/page.css";
import { mount } from "../view.js";
import * as widgets from "../widgets.js";
import { InPage } from "./inPage.js";
import { PageModel, type PagePanes, pageTemplate } from "./pageTemplate.js";

/**
 * The program of an interactive page: starts the kernel's side of the widgets and their views in the page. The data were unpacked
 * by the loader of the page.
 */

/** What tests read. */
interface OpenPage {
  kernel: PageKernel;
  data: PageData;
}

/** A plot of the particles. */
type Plot = WidgetModel & { showPlayed(frame?: number): void };

/** The theme as JupyterLab tells it, which scatter and viewer follow. */
function setDark(dark: boolean): void {
  document.body.dataset["jpThemeLight"] = String(!dark);
}

async function open(root: HTMLElement, bytes: Uint8Array): Promise<OpenPage> {
  const data = unpackValues(bytes) as PageData;
  if (data.version !== 1) throw new Error(`version ${String(data.version)} of a page, expected 1`);
  const inPage = new InPage(widgets);
  PageKernel.connect(inPage);
  const module = await WebAssembly.compile(data.networks);
  const kernel: PageKernel = new PageKernel(data, module, (text) => model.say(text));
  const panes: PagePanes = { scatter: createRef(), second: createRef(), viewer: createRef() };
  const model: PageModel = new PageModel(
    data,
    {
      play: () => kernel.play(),
      arrows: (shown) => kernel.showArrows(shown),
      pin: (shown) => kernel.pin(shown),
      second: (shown) => kernel.showSecond(shown),
    },
    setDark,
    matchMedia("(prefers-color-scheme: dark)").matches,
  );
  root.replaceChildren();
  root.classList.add("e2gmm-explorer", "e2gmm-page");
  const page = mount(root, model, () => pageTemplate(model, panes));
  const [scatter, viewer] = await Promise.all([
    inPage.get_model(kernel.scatter.id) as Promise<Plot>,
    inPage.get_model(kernel.viewer.id),
  ]);
  // The ring in the scatter follows the playback
  let second: { model: Plot; view: DOMWidgetView } | undefined;
  viewer.on("e2gmm:frame", (frame: number | undefined) => {
    for (const plot of [scatter, second?.model]) plot?.showPlayed(frame);
  });
  viewer.on("e2gmm:rested", (frame: number) => kernel.showFrame(frame));
  for (const [shown, pane] of [
    [scatter, panes.scatter],
    [viewer, panes.viewer],
  ] as const) {
    const view = (await inPage.create_view(shown)) as DOMWidgetView;
    Widget.attach(view.luminoWidget, pane.value!);
  }
  kernel.onSecond = async (plot) => {
    if (second) {
      Widget.detach(second.view.luminoWidget);
      second.view.remove();
      second = undefined;
    }
    model.setSecond(plot !== null);
    page.flush();
    if (!plot) return;
    const shown = (await inPage.get_model(plot.id)) as Plot;
    const view = (await inPage.create_view(shown)) as DOMWidgetView;
    // It may have been hidden meanwhile
    if (kernel.second.plot !== plot) {
      view.remove();
      return;
    }
    second = { model: shown, view };
    Widget.attach(view.luminoWidget, panes.second.value!);
  };
  if (data.second) kernel.second.show(true, data.second);
  return { kernel, data };
}

const root = document.getElementById(pageIds.root)!;
const given = globalThis as unknown as Record<string, unknown>;
open(root, given[pageGlobal] as Uint8Array).then(
  (page) => {
    given[pageGlobal] = page;
    root.dataset["ready"] = "true";
  },
  (error: Error) => {
    root.textContent = `This page cannot be shown: ${error.message}`;
    throw error;
  },
);
