import { InputError } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { ExplorerParts } from "./explorerParts";
import type { ExplorerPath } from "./explorerPath";

/**
 * Motion along the path: models are decoded at its stations and passed to the viewer as frames or as arrows. Owns the latent
 * vectors of the frames, so that the probe can follow playback.
 */
export class PathMotion {
  private played: number[][] = [];

  constructor(
    private readonly parts: Pick<ExplorerParts, "explored" | "scatter" | "viewer">,
    private readonly path: ExplorerPath,
  ) {}

  /** Plays the motion in the viewer. @throws InputError before the first epoch, and for a path of one station */
  play(): void {
    const { scatter, viewer } = this.parts;
    const { stations, models } = this.decoded();
    this.played = viewer.play(models).map((index) => stations[index]!);
    scatter.setPlayed(this.played);
  }

  /** Moves the probe to a frame of the motion that was played last. @throws InputError if there is no such frame */
  showFrame(frame: number): void {
    const z = this.played[frame];
    if (!z) throw new InputError("frame", `a frame from 0 to ${this.played.length - 1}`, String(frame));
    this.parts.scatter.probe = z;
  }

  /** Draws arrows from the first station to the last, or removes them. @throws InputError as {@link play} */
  showArrows(shown: boolean): void {
    if (!shown) {
      this.parts.viewer.arrows(null);
      return;
    }
    const { models } = this.decoded();
    this.parts.viewer.arrows({ from: models[0]!, to: models.at(-1)! });
  }

  private decoded(): { stations: number[][]; models: GaussianModel[] } {
    const run = this.parts.explored.requireRun("motion to show");
    const stations = this.path.stations(this.path.anchors());
    if (stations.length < 2) throw InputError.of("A motion needs a path with at least two stations.");
    return { stations, models: stations.map((z) => run.decode(z)) };
  }
}
