import type { CommTransport } from "tslab-widgets";
import type { ParticleColumn } from "../../particles/particleColumns";
import { unpackDecoder } from "../../training/runs/packedDecoder";
import type { Run } from "../../training/runs/run";
import type { RunDecoder } from "../../training/runs/runDecoder";
import { ExploredRun } from "../exploredRun";
import type { ExplorerPage } from "../explorerParts";
import { ExplorerPath } from "../explorerPath";
import { DensityMap } from "../gaussianViewer/densityMap";
import { GaussianViewer } from "../gaussianViewer/gaussianViewer";
import { LatentScatter } from "../latentScatter/latentScatter";
import { PathMotion } from "../pathMotion";
import { SecondPlot } from "../secondPlot";
import type { PageData } from "./pageData";

/** `globalThis[…]` where widgets look for the transport; see tslab-widgets. */
const commsSymbol = Symbol.for("Jupyter.comms");

/** Milliseconds that the probe rests before its distance from the mean is told. */
const noteDelay = 100;

/**
 * The kernel of an interactive page: scatter, viewer and decoder as in the kernel of a notebook, by the same code, and the motion
 * along the path. Nothing here depends on Node, apart from modules that the program of the page replaces.
 *
 * Widgets find the page's transport where they find that of a kernel; it has to be given before any is made.
 */
export class PageKernel {
  /** The particles in the latent space. */
  readonly scatter: LatentScatter;
  /** The same particles over other axes. */
  readonly second: SecondPlot;
  /** Called when it is shown, and with null when it is hidden. */
  onSecond: (plot: LatentScatter | null) => void = () => {};
  /** The Gaussians at the probe. */
  readonly viewer: GaussianViewer;
  /** Decodes places of the latent space. */
  readonly decoder: RunDecoder;
  private readonly explored: ExploredRun;
  private readonly motion: PathMotion;
  private status = "";
  private noteTimer: NodeJS.Timeout | undefined;

  /**
   * @param data   of the page
   * @param module compiled `networks.wasm`
   * @param said   called with each message for the user
   */
  constructor(
    data: PageData,
    module: object,
    private readonly said: (text: string) => void,
  ) {
    const { latent, latents, free, columns, axisTitles, sets, scatter, viewer, maps } = data;
    this.decoder = unpackDecoder(data.decoder, module);
    const { neutral } = this.decoder.parts;
    this.explored = new ExploredRun({
      ...{ folder: "", latent, neutral, free, latents, owned: [] },
      // What the explorer uses of a run, a decoder has
      run: this.decoder as unknown as Run,
      particles: undefined,
      withoutParticles: "The page has no images of particles.",
    });
    this.scatter = new LatentScatter({ latents, latent, columns: columns as ParticleColumn[] });
    this.scatter.setAxisTitles(axisTitles);
    this.scatter.setSets(sets);
    const { hidden, colourRange, ...choices } = scatter;
    this.scatter.set(choices);
    // A choice of colours shows all
    this.scatter.set({ hidden, colourRange });
    this.second = new SecondPlot(this.scatter, (plot) => this.onSecond(plot));
    this.viewer = new GaussianViewer({ neutral, ...(free && { free }) });
    this.viewer.setMean(this.explored.meanModel);
    this.viewer.set({ ...viewer, maps: maps.map((map) => new DensityMap(map)) });
    const parts = {
      ...{ explored: this.explored, scatter: this.scatter, viewer: this.viewer },
      page: this.page(),
    };
    this.motion = new PathMotion(parts, new ExplorerPath(parts));
    this.scatter.observe("probe", () => this.showProbe());
    this.showProbe();
  }

  /** Puts a transport where widgets look for that of a kernel. */
  static connect(transport: CommTransport): void {
    (globalThis as Record<symbol, unknown>)[commsSymbol] = transport;
  }

  private showProbe(): void {
    const { probe } = this.scatter;
    const model = this.explored.decode(probe);
    this.viewer.show(model);
    // It takes as long as to decode, and would delay the next place of a drag
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => {
      this.scatter.set({ probeNote: this.explored.distanceText(probe, model) });
    }, noteDelay);
  }

  /** What components set of an explorer: its status alone. */
  private page(): ExplorerPage {
    return {
      closed: false,
      get: () => this.status,
      set: ({ status }: { status?: string }) => {
        if (status === undefined) return;
        this.status = status;
        this.said(status);
      },
    } as unknown as ExplorerPage;
  }

  /** Plays the motion along the path; without one along the widest direction. */
  play(): void {
    this.tried(() => this.motion.play());
  }

  /** Shows the motion along the path as arrows, or removes them. */
  showArrows(shown: boolean): void {
    this.tried(() => this.motion.showArrows(shown));
  }

  /** Moves the probe to a frame of the motion that was played last. */
  showFrame(frame: number): void {
    this.tried(() => this.motion.showFrame(frame));
  }

  /** Shows the same particles over other axes, or hides them. */
  showSecond(shown: boolean): void {
    this.tried(() => this.second.show(shown));
  }

  /** Keeps the state at the probe to compare others with, or lets it go. */
  pin(shown: boolean): void {
    this.viewer.overlay(shown ? this.explored.decode(this.scatter.probe) : null);
  }

  private tried(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.said((error as Error).message);
    }
  }
}
