import { openStage, type PngOptions, type Stage } from "../stage/stage.js";
import type { ScaleEnds } from "./colours.js";
import { Drawing } from "./drawing.js";
import { sideOf } from "./sides.js";
import { mapsOf, type ViewerAccess } from "./viewerState.js";

/** Difference of two cameras that is no movement. */
const still = 1e-6;

/** The left one of two pictures side by side: it turns with the main one, and that with it. */
export class SideBySide {
  /** What is drawn on the left. */
  readonly drawing: Drawing;
  private drawnEnds: string;

  private constructor(
    readonly stage: Stage,
    viewer: ViewerAccess,
    private readonly ends: ScaleEnds,
  ) {
    this.drawing = new Drawing(stage, sideOf(viewer, "left"), ends, () => mapsOf(viewer));
    this.drawing.all();
    this.drawnEnds = JSON.stringify(ends);
  }

  /**
   * Opens the left picture.
   * @param place element that it fills
   * @param main the right picture
   * @param ends of the colour scales, which both share
   * @throws NoWebGl if the browser gives no second context
   */
  static async open(
    place: HTMLElement,
    viewer: ViewerAccess,
    main: Stage,
    ends: ScaleEnds,
  ): Promise<SideBySide> {
    const stage = await openStage(place, {
      label: "The pinned state or the first map in 3-D, seen as the picture beside it",
      onDrawn: () => link(stage, main),
    });
    const made = new SideBySide(stage, viewer, ends);
    made.follow(main);
    return made;
  }

  /** Takes the camera of the main picture, after that was drawn. */
  follow(main: Stage): void {
    link(main, this.stage);
  }

  /** Draws again where the colour scales have grown. */
  keepScale(): void {
    const now = JSON.stringify(this.ends);
    if (now === this.drawnEnds) return;
    this.drawnEnds = now;
    this.drawing.gaussians();
    this.drawing.maps();
  }

  /** Both pictures as one PNG. @param main the right picture */
  async pngWith(main: Stage, options: PngOptions): Promise<Blob> {
    const [left, right] = await Promise.all(
      [this.stage, main].map(async (stage) => createImageBitmap(await stage.png(options))),
    );
    const canvas = document.createElement("canvas");
    Object.assign(canvas, {
      width: left!.width + right!.width,
      height: Math.max(left!.height, right!.height),
    });
    const context = canvas.getContext("2d")!;
    context.drawImage(left!, 0, 0);
    context.drawImage(right!, left!.width, 0);
    return new Promise((resolve, reject) =>
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error("The picture is too large."))),
        "image/png",
      ),
    );
  }

  /** Releases the picture. */
  dispose(): void {
    this.stage.dispose();
  }
}

/** Turns one picture as another one is turned. */
function link(from: Stage, to: Stage): void {
  const [camera, shown] = [from.camera, to.camera];
  if (camera.some((value, i) => Math.abs(value - shown[i]!) > still * Math.max(1, Math.abs(value)))) {
    to.camera = camera;
  }
}
