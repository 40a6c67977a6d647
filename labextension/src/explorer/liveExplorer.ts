import type { WidgetModel } from "@jupyter-widgets/base";
import type { LiveDecoder } from "e2gmm/liveDecoder";
import type { DecoderAnswer, DecoderRequest } from "e2gmm/messages/explorer";
import type { GaussianViewerModel } from "../gaussianViewer/widgetModels.js";
import { decodesInPage } from "../kernelGone.js";
import { Requests } from "../requests.js";

type LiveModule = typeof import("e2gmm/liveDecoder");
/** Coordinates by the names of axes. */
type Target = Record<string, number>;

/** Milliseconds after which the kernel's Gaussians are shown again, even if it never came to the place that the page decoded. */
const patience = 2000;

/**
 * Decodes in the page what the probe is dragged to, without a round trip to the kernel. The kernel is told the place as ever, and
 * its answers follow; while they are late, they are not shown. Where the kernel is gone, the page moves the probe by itself.
 *
 * The decoder comes with the state of a saved notebook, or the kernel sends it when a view opens. Along axes that only the kernel
 * knows, such as a UMAP, and until the decoder is here, the kernel decodes.
 */
export class LiveExplorer {
  private readonly requests: Requests;
  private decoder: LiveDecoder | undefined;
  private module: LiveModule | undefined;
  /** Number of the decoder that is being fetched. */
  private fetching: number | undefined;
  /** Place that the page has decoded and the kernel has not yet reached, and when. */
  private ahead: { z: readonly number[]; since: number } | undefined;
  private gone = false;
  /** Place that was decoded last. */
  private shown: readonly number[] | undefined;

  constructor(
    private readonly model: WidgetModel,
    private readonly scatter: WidgetModel,
    private readonly viewer: GaussianViewerModel,
  ) {
    this.requests = new Requests(model);
    viewer.kernelLags = () => this.kernelLags();
    for (const widget of [scatter, viewer]) decodesInPage.set(widget, () => this.isOpen);
    scatter.on("change:probeTo", this.dragged, this);
    scatter.on("change:probe", this.placed, this);
    model.on("change:decoderNumber", this.replaced, this);
    model.on("change:decoder", this.prepare, this);
    model.on("destroy", this.dispose, this);
  }

  /** Whether the page decodes by itself. */
  get isOpen(): boolean {
    return this.decoder !== undefined;
  }

  /** Takes over whether the kernel is still running; without one the page moves the probe by itself. */
  setKernelGone(gone: boolean): void {
    this.gone = gone;
  }

  private get alone(): boolean {
    return this.gone || !this.scatter.comm_live;
  }

  /** Opens the decoder, fetching it from the kernel where the state has none. During a training a drag does that. */
  prepare(): void {
    if (!this.model.get("training")) void this.open();
  }

  private async open(): Promise<void> {
    const number = this.model.get("decoderNumber") as number;
    if (this.decoder || this.fetching === number || !this.model.get("run")) return;
    this.fetching = number;
    try {
      const bytes = await this.bytes();
      if (!bytes || number !== this.model.get("decoderNumber")) return;
      this.module ??= await import("e2gmm/liveDecoder");
      const decoder = await this.module.openDecoder(bytes);
      if (number !== this.model.get("decoderNumber")) decoder.close();
      else this.decoder = decoder;
    } catch {
      // Without WebAssembly, or a decoder, the kernel decodes
    } finally {
      if (this.fetching === number && this.decoder) this.fetching = undefined;
    }
    this.tell();
  }

  /** Tells views whether the page decodes. */
  private tell(): void {
    for (const widget of [this.model, this.scatter, this.viewer]) widget.trigger("e2gmm:live");
  }

  /** The packed decoder; undefined where there is neither one in the state nor a kernel. */
  private async bytes(): Promise<Uint8Array | undefined> {
    const saved = () => {
      const bytes = this.model.get("decoder") as Uint8Array | undefined;
      return bytes && bytes.length > 0 ? bytes : undefined;
    };
    if (saved() || this.alone) return saved();
    const ask = async (part: number) => {
      const request: Omit<DecoderRequest, "kind"> = { part };
      const { content, buffers } = await this.requests.ask("decoder", { ...request });
      return { ...(content as unknown as DecoderAnswer), buffer: buffers[0] };
    };
    const first = await ask(0);
    if (first.parts === 0) {
      // The state that the kernel has sent before its answer is taken over a little later
      await this.model.state_change;
      return saved();
    }
    const pieces = [first.buffer];
    for (let part = 1; part < first.parts; part++) {
      const next = await ask(part);
      if (next.number !== first.number) return undefined;
      pieces.push(next.buffer);
    }
    const whole = new Blob(pieces as DataView[]);
    return new Uint8Array(await whole.arrayBuffer());
  }

  /** The kernel has another decoder. */
  private replaced(): void {
    this.decoder?.close();
    this.decoder = undefined;
    this.fetching = undefined;
    this.ahead = undefined;
    this.shown = undefined;
    this.tell();
    this.prepare();
  }

  /** A view drags the probe. */
  private dragged(): void {
    const { decoder, module, scatter } = this;
    if (!decoder || !module) {
      void this.open();
      return;
    }
    const from = this.ahead?.z ?? (scatter.get("probe") as number[]);
    const z = module.draggedTo(scatter.get("probeTo") as Target, from, scatter.get("formulas") ?? {});
    if (!z) return;
    this.decode(decoder, z);
    if (!this.alone) this.ahead = { z, since: performance.now() };
    // After the event: the model is still being changed
    else queueMicrotask(() => this.moveProbe(module, z));
  }

  /** The probe has come to a place, by the kernel or a view. */
  private placed(): void {
    const z = this.scatter.get("probe") as number[];
    if (this.ahead && same(z, this.ahead.z)) this.ahead = undefined;
    if (this.ahead || !this.decoder || !this.module || !this.alone) return;
    if (this.shown && same(z, this.shown)) return;
    this.decode(this.decoder, z);
    this.moveProbe(this.module, z);
  }

  private decode(decoder: LiveDecoder, z: readonly number[]): void {
    this.shown = z;
    this.viewer.showDecoded(decoder.decode(z));
  }

  /** Moves the probe without a kernel. */
  private moveProbe({ placeAlong }: LiveModule, z: readonly number[]): void {
    const { scatter } = this;
    const {
      x,
      y,
      z: third,
    } = scatter.get("shown") as Record<"x" | "y", { name: string }> & {
      z: { name: string } | null;
    };
    const along = (names: readonly string[], before: string) =>
      placeAlong(z, names, scatter.get("formulas"), scatter.get(before) as number[]);
    const axes = third ? [x, y, third] : [x, y];
    const sliders = scatter.get("sliders") as { name: string }[];
    const place = along(
      axes.map(({ name }) => name),
      "probePlace",
    );
    const values = along(
      sliders.map(({ name }) => name),
      "sliderValues",
    );
    scatter.set_state({ probe: [...z], probePlace: place, sliderValues: values, probeNote: "" });
  }

  private kernelLags(): boolean {
    const { ahead } = this;
    if (ahead && performance.now() - ahead.since > patience) this.ahead = undefined;
    return this.ahead !== undefined;
  }

  private dispose(): void {
    this.requests.dispose();
    this.decoder?.close();
    this.decoder = undefined;
    this.viewer.kernelLags = undefined;
    for (const widget of [this.scatter, this.viewer]) decodesInPage.delete(widget);
    this.scatter.off("change:probeTo", this.dragged, this);
    this.scatter.off("change:probe", this.placed, this);
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, d) => Math.abs(value - b[d]!) < 1e-6);
}
