import type { MaskShape, SolidShape } from "e2gmm/messages/maskShapes";
import type { Vector } from "../../stage/geometry.js";

/** Where a place in Å is in a picture, in pixels to the right and down. */
export type Project = (place: Vector) => { x: number; y: number };

/** What a handle changes: the place of a shape, the radius of a sphere, or a face of a box. */
export type Grip = "centre" | "radius" | { axis: 0 | 1 | 2; side: -1 | 1 };

/** A handle of a shape. */
export interface Handle {
  /** Index of the shape. */
  shape: number;
  grip: Grip;
  /** In Å. */
  place: Vector;
  /** What it does, for screen readers. */
  label: string;
}

/** Smallest radius or edge in Å. */
export const leastSize = 0.1;
/** Å whose change in pixels stands for the derivative of the projection. */
const step = 0.5;

const add = (a: Vector, b: Vector, by = 1): Vector => [a[0] + by * b[0], a[1] + by * b[1], a[2] + by * b[2]];
const unit = (axis: number, length = 1): Vector =>
  [0, 1, 2].map((k) => (k === axis ? length : 0)) as unknown as Vector;

/** Pixels of a picture for each Å along x, y and z: the derivative of its projection at a place. */
export class ScreenAxes {
  private readonly right: Vector;
  private readonly down: Vector;

  constructor(project: Project, at: Vector) {
    const per = [0, 1, 2].map((axis) => {
      const [a, b] = [project(add(at, unit(axis, -step))), project(add(at, unit(axis, step)))];
      return { x: (b.x - a.x) / (2 * step), y: (b.y - a.y) / (2 * step) };
    });
    this.right = per.map(({ x }) => x) as unknown as Vector;
    this.down = per.map(({ y }) => y) as unknown as Vector;
  }

  /** The shortest step in Å that moves a place by pixels: it stays in the plane of the picture. */
  inPlane(dx: number, dy: number): Vector {
    const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const [rr, rd, dd] = [dot(this.right, this.right), dot(this.right, this.down), dot(this.down, this.down)];
    const determinant = rr * dd - rd * rd;
    if (!(determinant > 0)) return [0, 0, 0];
    const [a, b] = [(dd * dx - rd * dy) / determinant, (rr * dy - rd * dx) / determinant];
    return [0, 1, 2].map((k) => a * this.right[k]! + b * this.down[k]!) as unknown as Vector;
  }

  /** Å along an axis that move a place by pixels as nearly as they can; 0 for an axis that points at the viewer. */
  along(axis: 0 | 1 | 2, dx: number, dy: number): number {
    const [right, down] = [this.right[axis], this.down[axis]];
    const square = right * right + down * down;
    return square > 1e-6 ? (right * dx + down * dy) / square : 0;
  }

  /** A vector of 1 Å to the right in the picture. */
  get rightward(): Vector {
    const one = this.inPlane(1, 0);
    const length = Math.hypot(...one);
    return length > 0 ? add([0, 0, 0], one, 1 / length) : [1, 0, 0];
  }
}

/** The handles of spheres and boxes: one at the centre, one at the right of a sphere, one on each face of a box. */
export function handlesOf(shapes: readonly MaskShape[], project: Project): Handle[] {
  return shapes.flatMap((shape, index): Handle[] => {
    if (shape.kind === "gaussians") return [];
    const name = `${shape.kind} ${index + 1}`;
    const { centre } = shape;
    const middle: Handle = { shape: index, grip: "centre", place: centre, label: `Move ${name}` };
    if (shape.kind === "sphere") {
      const place = add(centre, new ScreenAxes(project, centre).rightward, shape.radius);
      return [middle, { shape: index, grip: "radius", place, label: `Radius of ${name}` }];
    }
    const faces = ([0, 1, 2] as const).flatMap((axis) =>
      ([-1, 1] as const).map(
        (side): Handle => ({
          ...{ shape: index, grip: { axis, side } },
          place: add(centre, unit(axis, (side * shape.size[axis]!) / 2)),
          label: `Face of ${name} at ${side < 0 ? "low" : "high"} ${"xyz"[axis]}`,
        }),
      ),
    );
    return [middle, ...faces];
  });
}

/** A shape whose handle was moved by pixels from where it was. */
export function dragged(
  shape: SolidShape,
  { grip, place }: Pick<Handle, "grip" | "place">,
  axes: ScreenAxes,
  [dx, dy]: readonly [number, number],
): SolidShape {
  if (grip === "centre") return { ...shape, centre: add(shape.centre, axes.inPlane(dx, dy)) };
  if (grip === "radius") {
    const end = add(place, axes.inPlane(dx, dy));
    const radius = Math.hypot(...add(end, shape.centre, -1));
    return resized(shape, grip, radius - (shape.kind === "sphere" ? shape.radius : 0));
  }
  return resized(shape, grip, grip.side * axes.along(grip.axis, dx, dy));
}

/** A shape that is larger by Å at a handle: by its radius, or by the edge that ends at a face, whose opposite face stays. */
export function resized(shape: SolidShape, grip: Exclude<Grip, "centre">, by: number): SolidShape {
  if (shape.kind === "sphere") return { ...shape, radius: Math.max(leastSize, shape.radius + by) };
  if (grip === "radius") return shape;
  const { axis, side } = grip;
  const edge = Math.max(leastSize, shape.size[axis]! + by);
  const size = shape.size.map((old, k) => (k === axis ? edge : old)) as unknown as Vector;
  return { ...shape, size, centre: add(shape.centre, unit(axis, (side * (edge - shape.size[axis]!)) / 2)) };
}

/** A shape whose centre was moved by Å: to the right, up, and away from the viewer. */
export function nudged(shape: SolidShape, axes: ScreenAxes, [right, up, away]: Vector): SolidShape {
  const r = axes.rightward;
  const down = axes.inPlane(0, 1);
  const length = Math.hypot(...down) || 1;
  const u: Vector = add([0, 0, 0], down, -1 / length);
  // The picture is seen as right-handed axes are: right × up points at the viewer.
  const away1: Vector = [u[1] * r[2] - u[2] * r[1], u[2] * r[0] - u[0] * r[2], u[0] * r[1] - u[1] * r[0]];
  return { ...shape, centre: add(add(add(shape.centre, r, right), u, up), away1, away) };
}
