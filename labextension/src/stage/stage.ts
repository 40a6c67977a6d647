import type * as NglTypes from "ngl";
import { CoarseFrames } from "./coarseFrames.js";
import { type Axis, type Box, distanceToSee, middleOf, radiusOf, type Vector } from "./geometry.js";
import {
  type Arrows,
  addArrows,
  addBall,
  addBox,
  addPicture,
  type Picture,
  type ShapeStyle,
} from "./meshes.js";
import { type Drawn, type Ngl, Scene } from "./scene.js";
import { addSpheres, type Spheres, type SpheresHandle, type SpheresOptions } from "./spheres.js";
import { handleInput, type StageListeners, watchContext } from "./stageEvents.js";
import type { FloatVolume } from "./surface/floatVolume.js";
import { addSurface, type SurfaceHandle, type SurfaceStyle } from "./surface/surface.js";
import { addTube, type Tube } from "./tube.js";

/** The browser gives no WebGL context. The message is a sentence for the user. */
export class NoWebGl extends Error {
  constructor() {
    super(
      "3-D graphics are not available: WebGL is missing, disabled, or used up by other open views. " +
        "The rest of the notebook works.",
    );
  }
}

/** Options of {@link openStage}. */
export interface StageOptions extends StageListeners {
  /** Name of the picture for screen readers. */
  label: string;
}

/** Options of {@link Stage.fit}. */
export interface FitOptions {
  /** Of the motion, in ms. Default 0. */
  duration?: number;
  /** Å from the middle of the box to the farthest point that is to be in view. Default: from the box. */
  radius?: number;
}

/** Options of {@link Stage.png}. */
export interface PngOptions {
  /** Its size, relative to the picture on the screen; a whole number. Default 2. */
  scale?: number;
  /** Whether there is nothing where nothing is drawn, in place of the background. Default false. */
  transparent?: boolean;
}

/** Rotations of the model as quaternions (x, y, z, w). The camera is at −z and looks along +z, so +x is to its left. */
const rotationTo: Record<Axis, readonly [number, number, number, number]> = {
  // y right, z up
  x: [-0.5, 0.5, 0.5, 0.5],
  // x right, z up, from −y
  y: [0, Math.SQRT1_2, Math.SQRT1_2, 0],
  // x right, y up
  z: [0, 1, 0, 0],
};

/** Vertical, in degrees. */
const fieldOfView = 25;
/** Milliseconds without a movement after which the view counts as at rest. */
const restMilliseconds = 400;

const nglParameters: Partial<NglTypes.StageParameters> = {
  tooltip: false,
  hoverTimeout: -1,
  cameraFov: fieldOfView,
  clipDist: 1,
  clipNear: -100,
  clipFar: 200,
  fogNear: 42,
  fogFar: 108,
  lightIntensity: 0.52,
  lightColor: 0xffffff,
  ambientColor: 0xffffff,
  ambientIntensity: 0.27,
  sampleLevel: 0,
};

/** Members that NGL keeps private. */
interface ViewerInside {
  directionalLight: { constructor: new (colour: number, intensity: number) => Light };
  scene: { add(object: object): void };
}
interface Light {
  position: { set(x: number, y: number, z: number): void };
}

/** Whether the user has asked the system for less motion. */
export function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Opens a 3-D view that fills `container`, which must be in the page and have a size.
 *
 * ```ts
 * const stage = await openStage(container, { label: "Map emd_1234.map" });
 * const surface = stage.surface({ data, size: [nx, ny, nz], apix: 1.3, origin: [0, 0, 0] }, { level: 0.02 });
 * stage.fit(surface.box);
 * surface.set({ level: 0.03, colour: "#5b9bd5" });
 * stage.dispose();
 * ```
 * @throws NoWebGl if the browser gives no WebGL context
 */
export async function openStage(container: HTMLElement, options: StageOptions): Promise<Stage> {
  const ngl = await import("ngl");
  return new Stage(ngl, container, options);
}

/**
 * A 3-D view. Lengths are in Å in one frame; +x is right and +y up in the view along z. A view holds one WebGL context
 * until it is disposed. See {@link openStage}.
 */
export class Stage {
  /** Where the picture is drawn. */
  readonly canvas: HTMLCanvasElement;
  private readonly stage: NglTypes.Stage;
  private readonly scene: Scene;
  private readonly abort = new AbortController();
  private readonly resizing: ResizeObserver;
  /** None where a graphics card draws. */
  private readonly coarse: CoarseFrames | undefined;
  private moved: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ngl: Ngl,
    private readonly container: HTMLElement,
    options: StageOptions,
  ) {
    const before = new Set(container.children);
    this.stage = new ngl.Stage(container, nglParameters);
    if (!this.stage.viewer?.renderer) {
      for (const child of [...container.children]) if (!before.has(child)) child.remove();
      throw new NoWebGl();
    }
    this.scene = new Scene(ngl, this.stage.viewer);
    this.canvas = this.stage.viewer.renderer.domElement;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", options.label);
    if (this.drawsInSoftware()) {
      // Eight pictures for each one at rest are too many without a graphics card
      this.stage.setParameters({ sampleLevel: -1 });
      this.coarse = new CoarseFrames(this.stage.viewer);
    }
    this.addKeyLight();
    this.listen(options);
    this.resizing = new ResizeObserver(() => this.resize(options));
    this.resizing.observe(container);
    this.readTheme();
    this.look("z", 0);
    // The user has not moved it
    clearTimeout(this.moved);
  }

  private drawsInSoftware(): boolean {
    const gl = this.stage.viewer.renderer.getContext();
    const names = gl.getExtension("WEBGL_debug_renderer_info");
    const name = names ? String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL)) : "";
    return /swiftshader|llvmpipe|software|basic render/i.test(name);
  }

  /** NGL's own light comes from the camera; one from above left gives shapes depth. */
  private addKeyLight(): void {
    const viewer = this.stage.viewer as unknown as ViewerInside;
    const light = new viewer.directionalLight.constructor(0xffffff, 0.4);
    light.position.set(0.7, 1, -0.6);
    viewer.scene.add(light);
  }

  private listen({ onLost, onDrawn, onMoved }: StageOptions): void {
    const { signal } = this.abort;
    handleInput(this.stage, (axis) => this.look(axis), signal);
    watchContext(this.stage, (lost) => onLost?.(lost), signal);
    this.stage.viewer.signals.rendered.add(() => {
      if (!signal.aborted) onDrawn?.();
    });
    this.stage.viewerControls.signals.changed.add(() => {
      if (this.stage.mouseObserver.pressed) this.followMotion();
      clearTimeout(this.moved);
      if (onMoved) this.moved = setTimeout(onMoved, restMilliseconds);
    });
  }

  private resize({ onResized }: StageOptions): void {
    const { width, height } = this.container.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    this.coarse?.cancel();
    this.stage.handleResize();
    // A resized canvas is empty; waiting for the next frame would show that
    this.stage.viewer.render();
    onResized?.();
  }

  /** Takes the background from the CSS of the container; to be called again when the theme changes. */
  readTheme(): void {
    const [red, green, blue] = (getComputedStyle(this.container).backgroundColor.match(/[\d.]+/g) ?? []).map(
      Number,
    );
    const colour = ((red ?? 255) << 16) | ((green ?? 255) << 8) | (blue ?? 255);
    this.stage.setParameters({ backgroundColor: colour });
  }

  /**
   * Looks along an axis: x right and y up along z, y right and z up along x, x right and z up along y.
   * @param duration of the motion in ms. Default 300, or 0 if the user prefers reduced motion
   */
  look(axis: Axis, duration = prefersReducedMotion() ? 0 : 300): void {
    const rotation = new this.ngl.Quaternion(...rotationTo[axis]);
    if (duration > 0) this.stage.animationControls.rotate(rotation, duration);
    else this.stage.viewerControls.rotate(rotation);
  }

  /** Centres a box and moves the camera as near as shows all of it, however it is turned. */
  fit(box: Box, { duration = 0, radius = radiusOf(box) }: FitOptions = {}): void {
    const centre = middleOf(box);
    const distance = distanceToSee(Math.max(1, radius), fieldOfView, this.container.getBoundingClientRect());
    const { animationControls, viewerControls } = this.stage;
    if (duration > 0) {
      animationControls.zoomMove(new this.ngl.Vector3(...centre), -distance, duration);
      return;
    }
    viewerControls.center(centre);
    viewerControls.distance(distance);
    // The user has not moved it
    clearTimeout(this.moved);
  }

  /** Rotation, distance and centre of the view, as 16 numbers. */
  get camera(): number[] {
    return this.stage.viewerControls.getOrientation().toArray();
  }

  set camera(numbers: readonly number[]) {
    this.stage.viewerControls.orient(new this.ngl.Matrix4().fromArray([...numbers]), true);
  }

  /** To be called when what is drawn moves: without a graphics card, frames are coarse until it rests. */
  followMotion(): void {
    if (!this.abort.signal.aborted) this.coarse?.moved();
  }

  /** Draws spheres, ray cast in the shader. */
  spheres(spheres: Spheres, options?: SpheresOptions): SpheresHandle {
    return addSpheres(this.scene, spheres, options);
  }

  /** Draws arrows. */
  arrows(arrows: Arrows): Drawn {
    return addArrows(this.scene, arrows);
  }

  /** Draws a tube. */
  tube(tube: Tube): Drawn {
    return addTube(this.scene, tube);
  }

  /** Draws a translucent ball. */
  ball(ball: { centre: Vector; radius: number }, style: ShapeStyle): Drawn {
    return addBall(this.scene, ball, style);
  }

  /** Draws a translucent box. */
  box(box: Box, style: ShapeStyle): Drawn {
    return addBox(this.scene, box, style);
  }

  /** Draws a flat picture in the volume. */
  picture(picture: Picture): Drawn {
    return addPicture(this.scene, picture);
  }

  /**
   * Draws the surface at which a map has a level.
   * @param onFine called when the fine surface has followed the one that was drawn at once
   * @throws RangeError if the data do not fit the size
   */
  surface(volume: FloatVolume, style: SurfaceStyle, onFine?: () => void): SurfaceHandle {
    return addSurface(this.scene, volume, style, onFine);
  }

  /** Index of the pickable sphere under a point of the page; undefined if there is none. */
  pick(clientX: number, clientY: number): number | undefined {
    const box = this.canvas.getBoundingClientRect();
    const { pid, picker } = this.stage.viewer.pick(clientX - box.left, box.bottom - clientY);
    return picker ? pid : undefined;
  }

  /** Where a place in Å is in the picture, in CSS pixels from its upper left corner. */
  project(place: Vector): { x: number; y: number } {
    const { viewer, viewerControls } = this.stage;
    const { x, y } = viewerControls.getPositionOnCanvas(new this.ngl.Vector3(...place));
    return { x, y: viewer.height - y };
  }

  /** Å from the camera to a place, along the direction in which it looks. */
  depth(place: Vector): number {
    const { translationGroup, rotationGroup, camera } = this.stage.viewer;
    const seen = new this.ngl.Vector3(...place)
      .add(translationGroup.position)
      .applyMatrix4(rotationGroup.matrix);
    return seen.z - camera.position.z;
  }

  /** Å per CSS pixel in the plane through the middle of the view. */
  get scale(): number {
    return this.stage.viewerControls.getCanvasScaleFactor(0);
  }

  /** Resolves after the next frame has been drawn, sharp. */
  drawn(): Promise<void> {
    // A closed view is not drawn again, and whoever waits goes on
    if (this.abort.signal.aborted) return Promise.resolve();
    this.coarse?.end();
    return new Promise((resolve) => {
      this.stage.viewer.signals.rendered.addOnce(() => resolve());
      this.stage.viewer.requestRender();
    });
  }

  /** The picture as PNG, antialiased. */
  png({ scale = 2, transparent = false }: PngOptions = {}): Promise<Blob> {
    this.coarse?.end();
    return this.stage.makeImage({ factor: scale, antialias: true, trim: false, transparent });
  }

  /** Releases the WebGL context and everything else. */
  dispose(): void {
    if (this.abort.signal.aborted) return;
    clearTimeout(this.moved);
    this.coarse?.cancel();
    this.abort.abort();
    this.resizing.disconnect();
    const { viewer, keyBehavior, animationControls, tooltip } = this.stage;
    // A frame scheduled by NGL would come after the context is released
    Object.assign(viewer, { render: () => {}, requestRender: () => {} });
    this.scene.dispose();
    keyBehavior.dispose();
    animationControls.clear();
    this.stage.dispose();
    // Else the browser would hold the context until the canvas is collected
    viewer.renderer.forceContextLoss();
    tooltip.remove();
    viewer.wrapper.remove();
  }
}
