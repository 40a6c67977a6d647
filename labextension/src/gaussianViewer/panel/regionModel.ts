import type { MaskShape, SolidShape } from "e2gmm/messages/maskShapes";
import type { Vector } from "../../stage/geometry.js";
import { ViewModel } from "../../view.js";
import { paintedShapes } from "../brush/paintedShapes.js";
import type { ViewerAccess } from "../viewerState.js";

/** What the next click on a Gaussian does: places a new shape, moves one by its index, or nothing (undefined). */
export type Waiting = "new" | number | undefined;

/** The shapes that make up the region, and the one that is about to be placed. */
export class RegionModel extends ViewModel {
  /** Of the next shape. */
  kind: SolidShape["kind"] = "sphere";
  /** Whether the next shape adds to the region or takes out of it. */
  mode: MaskShape["mode"] = "add";
  /** Radius, or half the edge, of the next shape in Å. */
  size: number;
  /** Whether shapes have handles in the picture. */
  handlesShown = true;
  private waiting: Waiting;
  private brushUsed = false;

  constructor(private readonly viewer: ViewerAccess) {
    super();
    // Handles follow shapes of other views and of the kernel
    this.follow(viewer, "change:shapes");
    this.size = Math.max(1, Math.round((viewer.read("boxSize") * viewer.read("apix")) / 12));
  }

  /** The shapes in the order in which they act. */
  get shapes(): readonly MaskShape[] {
    return this.viewer.read("shapes");
  }

  /** What the next click on a Gaussian does. */
  get waitingFor(): Waiting {
    return this.waiting;
  }

  /** Sets the action of the next click on a Gaussian; resets it if it is already set. */
  toggleWaiting(waiting: Waiting): void {
    this.waiting = this.waiting === waiting ? undefined : waiting;
    this.changed();
  }

  /** Whether the brush is in use. */
  get isPainting(): boolean {
    return this.brushUsed;
  }

  /** Takes the brush, or puts it away. */
  togglePainting(): void {
    this.brushUsed = !this.brushUsed;
    this.waiting = undefined;
    this.changed();
  }

  /** Adds Gaussians to the region, or takes them out, as the mode is. @param indices in the neutral model */
  paint(indices: readonly number[]): void {
    const shapes = paintedShapes(this.shapes, this.mode, indices);
    if (!shapes) return;
    const isFirst = this.shapes.length === 0;
    this.viewer.change({ shapes, ...(isFirst ? { colourBy: "region" } : {}) });
  }

  /** Sets whether the next shape and the brush add or take out. */
  choose(mode: MaskShape["mode"]): void {
    this.mode = mode;
    this.changed();
  }

  /** Sets the size of the next shape, and of the brush, in Å; at least 1. */
  resize(size: number): void {
    this.size = Math.max(1, size);
    this.changed();
  }

  /** A Gaussian of the neutral model was clicked. @returns whether the click was for the region */
  clicked(centre: Vector): boolean {
    if (this.waiting === undefined) return false;
    if (this.waiting === "new") this.add(centre);
    else this.edit(this.waiting, { centre });
    this.waiting = undefined;
    this.changed();
    return true;
  }

  /** Adds the next shape at a position in Å from the centre of the box. */
  add(centre: Vector): void {
    const { kind, mode, size } = this;
    const shape: MaskShape =
      kind === "box"
        ? { kind, mode, centre, size: [2 * size, 2 * size, 2 * size] }
        : { kind, mode, centre, radius: size };
    const shapes = [...this.shapes, shape];
    // With the first shape the colours show the region
    this.viewer.change({ shapes, ...(shapes.length === 1 ? { colourBy: "region" } : {}) });
  }

  /** Shows the handles of the shapes, or hides them. */
  showHandles(shown: boolean): void {
    this.handlesShown = shown;
    this.changed();
  }

  /** Changes a shape. */
  edit(index: number, changed: Partial<MaskShape>): void {
    const shapes = this.shapes.map((shape, i) =>
      i === index ? ({ ...shape, ...changed } as MaskShape) : shape,
    );
    this.viewer.change({ shapes });
  }

  /** Removes a shape. */
  remove(index: number): void {
    this.waiting = undefined;
    const shapes = this.shapes.filter((_, i) => i !== index);
    this.viewer.change({ shapes, ...(shapes.length === 0 ? { region: new Uint8Array() } : {}) });
    this.changed();
  }

  /** Removes all shapes. */
  clear(): void {
    this.waiting = undefined;
    this.viewer.change({ shapes: [], region: new Uint8Array() });
    this.changed();
  }

  /** What is in the region, or what to do next. */
  get summary(): string {
    if (this.brushUsed && this.shapes.length === 0) return "Drag over the molecule to paint the region.";
    if (this.waiting !== undefined) return "Click a Gaussian to place the shape there.";
    const region = this.viewer.read("region");
    if (region.length === 0) return "No region: add a sphere or a box, or paint.";
    const inside = region.reduce((sum, flag) => sum + flag, 0);
    return inside === 0
      ? "The region is empty: it contains no centre of a Gaussian of the neutral model."
      : `${inside} of ${region.length} Gaussians of the neutral model.`;
  }
}
