import type * as NglTypes from "ngl";

/**
 * The 3-D view that the viewer of the Gaussians, the map view of the Explorer and the viewer of map files share. NGL is
 * known only in this file, and is loaded when the first view opens.
 *
 * All lengths are Å in one frame; +x is right and +y up in the view along z. A view holds one WebGL context, which
 * {@link Stage.dispose} gives back.
 *
 * ```ts
 * const stage = await openStage(container, { label: "Map emd_1234.map" });     // throws NoWebGl
 * const surface = stage.surface({ data, size: [nx, ny, nz], apix: 1.3, origin: [0, 0, 0] }, { level: 0.02 });
 * stage.fit(surface.box);
 * surface.set({ level: 0.03, colour: "#5b9bd5" });
 * stage.dispose();
 * ```
 */

type Ngl = typeof NglTypes;
export type Vector = readonly [number, number, number];
export interface Box {
  lowest: Vector;
  highest: Vector;
}
export type Axis = "x" | "y" | "z";

/** The browser gives no WebGL context. The message is a sentence for the user. */
export class NoWebGl extends Error {
  constructor() {
    super(
      "This browser shows no 3-D graphics: WebGL is missing, switched off, or used up by other open views. " +
        "Everything else in the notebook works.",
    );
  }
}

export interface StageOptions {
  /** What screen readers call the picture. */
  label: string;
  /** The context was lost (`true`) or is back and drawn again (`false`). */
  onLost?(lost: boolean): void;
  /** The user has turned, moved or zoomed the view; called when it has come to rest. */
  onMoved?(): void;
  /** The view has taken the size of its container. */
  onResized?(): void;
  /** A frame has been drawn. */
  onDrawn?(): void;
}

/** A 3-D array of floats as a map file holds it. */
export interface FloatVolume {
  /** [z][y][x], x fastest. */
  data: Float32Array;
  /** nx, ny, nz. */
  size: Vector;
  /** Edge of a voxel in Å. */
  apix: number;
  /** Place of voxel (0, 0, 0) in Å. */
  origin: Vector;
}

export interface SurfaceStyle {
  /** In the units of the map. Negative: the surface of what is below. */
  level: number;
  /** As #rrggbb. Default a light blue-grey. */
  colour?: string;
  /** 0 … 1, default 1. */
  opacity?: number;
  visible?: boolean;
}

export interface SurfaceHandle {
  /** Changes what is given. A new level computes the surface again: 30–150 ms for 128³ voxels. */
  set(style: Partial<SurfaceStyle>): void;
  /** The box of the volume in Å. */
  readonly box: Box;
  /** Triangles of the surface as it is; 0 where the level is beyond every voxel. */
  readonly triangles: number;
  dispose(): void;
}

export interface Spheres {
  /** [3N], Å. */
  position: Float32Array;
  /** [N], Å. */
  radius: Float32Array;
  /** [3N], red, green, blue of 0 … 1. */
  colour: Float32Array;
}

export interface SpheresHandle {
  /** Puts what is given in place of what is drawn; the number of spheres must stay. */
  set(spheres: Partial<Spheres>): void;
  setVisible(visible: boolean): void;
  /** Centres as they are in the buffer that the graphics card draws, [3N]. */
  drawnPositions(): Float32Array;
  dispose(): void;
}

export interface Arrows {
  /** [3N], Å. */
  from: Float32Array;
  to: Float32Array;
  /** [N], Å: of the head; the shaft has half of it. */
  radius: Float32Array;
  /** [3N]. */
  colour: Float32Array;
}

/** Something drawn that is not changed, only taken away. */
export interface Drawn {
  dispose(): void;
}

type AnyBuffer = NglTypes.SphereBuffer | NglTypes.MeshBuffer | NglTypes.ArrowBuffer | NglTypes.BoxBuffer;

/** What NGL keeps private and this file needs. */
interface ViewerInside {
  directionalLight: { constructor: new (colour: number, intensity: number) => Light };
  scene: { add(object: object): void };
}
interface Light {
  position: { set(x: number, y: number, z: number): void };
}

/** Seen from a camera at −z that looks along +z, x is to the left: the quaternions (x, y, z, w) that turn the model. */
const TOWARDS: Record<Axis, readonly [number, number, number, number]> = {
  // y right, z up
  x: [-0.5, 0.5, 0.5, 0.5],
  // x right, z up, from −y
  y: [0, Math.SQRT1_2, Math.SQRT1_2, 0],
  // x right, y up
  z: [0, 1, 0, 0],
};

const FIELD_OF_VIEW = 25;

export function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The colour #rrggbb as three numbers of 0 … 1. */
export function rgbOf(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/**
 * Opens a view that fills `container`, which must be in the page and have a size.
 * @throws NoWebGl where the browser gives no context
 */
export async function openStage(container: HTMLElement, options: StageOptions): Promise<Stage> {
  const ngl = await import("ngl");
  return new Stage(ngl, container, options);
}

export class Stage {
  readonly canvas: HTMLCanvasElement;
  readonly #ngl: Ngl;
  readonly #stage: NglTypes.Stage;
  readonly #container: HTMLElement;
  readonly #abort = new AbortController();
  readonly #buffers = new Set<AnyBuffer>();
  readonly #resizing: ResizeObserver;
  #moved: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(ngl: Ngl, container: HTMLElement, options: StageOptions) {
    this.#ngl = ngl;
    this.#container = container;
    const before = new Set(container.children);
    this.#stage = new ngl.Stage(container, {
      tooltip: false,
      hoverTimeout: -1,
      cameraFov: FIELD_OF_VIEW,
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
    });
    if (!this.#stage.viewer?.renderer) {
      for (const child of [...container.children]) if (!before.has(child)) child.remove();
      throw new NoWebGl();
    }
    this.canvas = this.#stage.viewer.renderer.domElement;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", options.label);
    // Without a graphics card eight pictures for one at rest would hold everything else up
    if (this.#drawsInSoftware()) this.#stage.setParameters({ sampleLevel: -1 });
    this.#addKeyLight();
    this.#listen(options);
    this.#resizing = new ResizeObserver(() => this.#resize(options));
    this.#resizing.observe(container);
    this.readTheme();
    this.look("z", 0);
    clearTimeout(this.#moved);
  }

  #drawsInSoftware(): boolean {
    const gl = this.#stage.viewer.renderer.getContext();
    const names = gl.getExtension("WEBGL_debug_renderer_info");
    const name = names ? String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL)) : "";
    return /swiftshader|llvmpipe|software|basic render/i.test(name);
  }

  /** NGL's own light comes from the camera; one from above left gives the shapes depth. */
  #addKeyLight(): void {
    const viewer = this.#stage.viewer as unknown as ViewerInside;
    const light = new viewer.directionalLight.constructor(0xffffff, 0.4);
    light.position.set(0.7, 1, -0.6);
    viewer.scene.add(light);
  }

  #listen(options: StageOptions): void {
    const { signal } = this.#abort;
    const { mouseControls, keyControls, viewerControls, mouseObserver } = this.#stage;
    keyControls.clear();
    // Clicks belong to the view; without what NGL would do on them
    for (const click of ["clickPick-left", "clickPick-middle", "clickPick-right", "clickPick-ctrl-left"]) {
      mouseControls.remove(click);
    }
    // The page scrolls over a view that has not been clicked
    mouseObserver.handleScroll = false;
    this.canvas.addEventListener("focus", () => (mouseObserver.handleScroll = true), { signal });
    this.canvas.addEventListener("blur", () => (mouseObserver.handleScroll = false), { signal });
    this.canvas.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.canvas.addEventListener(
      "webglcontextlost",
      (event) => {
        event.preventDefault();
        if (!this.#disposed) options.onLost?.(true);
      },
      { signal },
    );
    this.canvas.addEventListener(
      "webglcontextrestored",
      () => {
        this.#stage.viewer.requestRender();
        options.onLost?.(false);
      },
      { signal },
    );
    this.#stage.viewer.signals.rendered.add(() => {
      if (!this.#disposed) options.onDrawn?.();
    });
    viewerControls.signals.changed.add(() => {
      clearTimeout(this.#moved);
      if (options.onMoved) this.#moved = setTimeout(() => options.onMoved?.(), 400);
    });
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { viewerControls } = this.#stage;
    const step = Math.PI / 24;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => viewerControls.spin([0, 1, 0], -step),
      ArrowRight: () => viewerControls.spin([0, 1, 0], step),
      ArrowUp: () => viewerControls.spin([1, 0, 0], step),
      ArrowDown: () => viewerControls.spin([1, 0, 0], -step),
      "+": () => viewerControls.zoom(0.1),
      "=": () => viewerControls.zoom(0.1),
      "-": () => viewerControls.zoom(-0.1),
      x: () => this.look("x"),
      y: () => this.look("y"),
      z: () => this.look("z"),
    };
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  #resize(options: StageOptions): void {
    const { width, height } = this.#container.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    this.#stage.handleResize();
    // A canvas of a new size is empty, and would be until the next frame
    this.#stage.viewer.render();
    options.onResized?.();
  }

  /** Takes background and fog from the container's CSS background; to be called again when the theme has changed. */
  readTheme(): void {
    const [red, green, blue] = (getComputedStyle(this.#container).backgroundColor.match(/[\d.]+/g) ?? []).map(
      Number,
    );
    const colour = ((red ?? 255) << 16) | ((green ?? 255) << 8) | (blue ?? 255);
    this.#stage.setParameters({ backgroundColor: colour });
  }

  /** Looks along an axis: x right and y up along z, y right and z up along x, x right and z up along y. */
  look(axis: Axis, duration = prefersReducedMotion() ? 0 : 300): void {
    const rotation = new this.#ngl.Quaternion(...TOWARDS[axis]);
    if (duration > 0) this.#stage.animationControls.rotate(rotation, duration);
    else this.#stage.viewerControls.rotate(rotation);
  }

  /**
   * Brings a box into the middle and makes the view as near as shows all of it.
   * @param reach Å from its middle to the farthest of what is in it. Default: to its corners
   */
  fit({ lowest, highest }: Box, duration = 0, reach?: number): void {
    const centre = lowest.map((low, axis) => (low + highest[axis]!) / 2) as [number, number, number];
    const radius = Math.max(1, reach ?? Math.hypot(...lowest.map((low, axis) => highest[axis]! - low)) / 2);
    const { width, height } = this.#container.getBoundingClientRect();
    const narrow = Math.min(1, width > 0 && height > 0 ? width / height : 1);
    const half = Math.atan(Math.tan((FIELD_OF_VIEW * Math.PI) / 360) * narrow);
    const distance = (0.88 * radius) / Math.sin(half);
    const { animationControls, viewerControls } = this.#stage;
    if (duration > 0) {
      animationControls.zoomMove(new this.#ngl.Vector3(...centre), -distance, duration);
      return;
    }
    viewerControls.center(centre);
    viewerControls.distance(distance);
    // Nobody has turned it
    clearTimeout(this.#moved);
  }

  /** Rotation, distance and centre of the view, as 16 numbers. */
  get camera(): number[] {
    return this.#stage.viewerControls.getOrientation().toArray();
  }

  set camera(numbers: readonly number[]) {
    this.#stage.viewerControls.orient(new this.#ngl.Matrix4().fromArray([...numbers]), true);
  }

  #add(buffer: AnyBuffer): void {
    this.#buffers.add(buffer);
    this.#stage.viewer.add(buffer as unknown as Parameters<NglTypes.Viewer["add"]>[0]);
    this.#stage.viewer.requestRender();
  }

  #remove(buffer: AnyBuffer): void {
    if (this.#disposed || !this.#buffers.delete(buffer)) return;
    this.#stage.viewer.remove(buffer as unknown as Parameters<NglTypes.Viewer["remove"]>[0]);
    buffer.dispose();
    this.#stage.viewer.requestRender();
  }

  /**
   * Spheres, ray cast in the shader.
   * @param options.opacity 0 … 1, default 1
   * @param options.pickable whether {@link pick} finds them. Default false
   */
  spheres(
    spheres: Spheres,
    { opacity = 1, pickable = false }: { opacity?: number; pickable?: boolean } = {},
  ): SpheresHandle {
    const { position, radius, colour } = spheres;
    const count = radius.length;
    const data = { position, radius, color: colour, ...(pickable ? { picking: { handle: true } } : {}) };
    const buffer = new this.#ngl.SphereBuffer(
      data as unknown as ConstructorParameters<Ngl["SphereBuffer"]>[0],
      { opacity, roughness: 0.55, metalness: 0 } as ConstructorParameters<Ngl["SphereBuffer"]>[1],
    );
    const corners = () => buffer.geometry.attributes["position"]!;
    const keepBox = (places: Float32Array) => {
      const box = boxOf(places);
      if (!box) return;
      buffer.geometry.boundingBox ??= new this.#ngl.Box3();
      buffer.geometry.boundingBox.min.set(...box.lowest);
      buffer.geometry.boundingBox.max.set(...box.highest);
    };
    keepBox(position);
    this.#add(buffer);
    darkenEdges(buffer);
    return {
      set: (given) => {
        const { position, radius, colour } = given;
        if (position) keepBox(position);
        buffer.setAttributes({
          ...(position ? { position } : {}),
          ...(radius ? { radius } : {}),
          ...(colour ? { color: colour } : {}),
        });
        if (position) this.#stage.viewer.updateBoundingBox();
        this.#stage.viewer.requestRender();
      },
      setVisible: (visible) => {
        buffer.setVisibility(visible);
        this.#stage.viewer.requestRender();
      },
      drawnPositions: () => {
        const { array } = corners();
        // An impostor is a square: each sphere stands four times in the buffer
        const times = array.length / (3 * count);
        const centres = new Float32Array(3 * count);
        for (let i = 0; i < count; i++) {
          for (let axis = 0; axis < 3; axis++) centres[3 * i + axis] = array[3 * times * i + axis]!;
        }
        return centres;
      },
      dispose: () => this.#remove(buffer),
    };
  }

  /** Arrows of lengths above 0. */
  arrows({ from, to, radius, colour }: Arrows): Drawn {
    const buffer = new this.#ngl.ArrowBuffer(
      { position1: from, position2: to, radius, color: colour },
      { aspectRatio: 2, radialSegments: 12 },
    );
    this.#add(buffer);
    return { dispose: () => this.#remove(buffer) };
  }

  /** A ball that lets through what is in it. */
  ball(centre: Vector, radius: number, colour: string, opacity: number): Drawn {
    const buffer = new this.#ngl.SphereBuffer(
      {
        position: Float32Array.from(centre),
        radius: Float32Array.of(radius),
        color: Float32Array.from(rgbOf(colour)),
      },
      { opacity, depthWrite: false } as ConstructorParameters<Ngl["SphereBuffer"]>[1],
    );
    this.#add(buffer);
    return { dispose: () => this.#remove(buffer) };
  }

  /** Boxes whose faces let through what is in them. */
  boxes(list: readonly Box[], colour: string, opacity: number): Drawn {
    const drawn = list.map((box) => this.#boxMesh(box, rgbOf(colour), opacity));
    for (const buffer of drawn) this.#add(buffer);
    return { dispose: () => drawn.forEach((buffer) => void this.#remove(buffer)) };
  }

  #boxMesh({ lowest, highest }: Box, colour: readonly number[], opacity: number): NglTypes.MeshBuffer {
    const position: number[] = [];
    const index: number[] = [];
    for (let axis = 0; axis < 3; axis++) {
      for (const side of [lowest, highest]) {
        const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
        const first = position.length / 3;
        for (const [a, b] of [
          [lowest[u]!, lowest[v]!],
          [highest[u]!, lowest[v]!],
          [highest[u]!, highest[v]!],
          [lowest[u]!, highest[v]!],
        ] as const) {
          const corner = [0, 0, 0];
          corner[axis] = side[axis]!;
          corner[u] = a;
          corner[v] = b;
          position.push(...corner);
        }
        index.push(first, first + 1, first + 2, first, first + 2, first + 3);
      }
    }
    return new this.#ngl.MeshBuffer(
      {
        position: Float32Array.from(position),
        index: Uint32Array.from(index),
        color: repeated(colour, position.length / 3),
      },
      { opacity, depthWrite: opacity >= 1, side: "double" },
    );
  }

  /**
   * A flat picture in the volume.
   * @param corner place of the first pixel's centre
   * @param across, up from one pixel to the next along the rows, and from one row to the next, in Å
   * @param colour [3 · width · height], row after row
   */
  image(
    { corner, across, up }: { corner: Vector; across: Vector; up: Vector },
    { width, height, colour }: { width: number; height: number; colour: Float32Array },
  ): Drawn {
    const position = new Float32Array(3 * width * height);
    const index = new Uint32Array(6 * (width - 1) * (height - 1));
    for (let row = 0, at = 0, next = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        for (let axis = 0; axis < 3; axis++) {
          position[3 * at + axis] = corner[axis]! + column * across[axis]! + row * up[axis]!;
        }
        if (row === height - 1 || column === width - 1) continue;
        index.set([at, at + 1, at + width, at + 1, at + width + 1, at + width], next);
        next += 6;
      }
    }
    const buffer = new this.#ngl.MeshBuffer({ position, index, color: colour }, { side: "double" });
    this.#add(buffer);
    // The picture's own grey values, whatever the light
    buffer.material.vertexShader = buffer.getVertexShader("background");
    buffer.material.fragmentShader = buffer.getFragmentShader("background");
    buffer.material.needsUpdate = true;
    return { dispose: () => this.#remove(buffer) };
  }

  /**
   * The surface at which a map has a level.
   * @throws RangeError where the data do not fit the size
   */
  surface(volume: FloatVolume, style: SurfaceStyle): SurfaceHandle {
    const [nx, ny, nz] = volume.size;
    if (volume.data.length !== nx * ny * nz) {
      throw new RangeError(`a map of ${nx}×${ny}×${nz} voxels has ${volume.data.length} values`);
    }
    const { apix, origin } = volume;
    // A new volume for every map: NGL's keeps the surface of the data that it saw first
    const source = new this.#ngl.Volume("", "", volume.data, nx, ny, nz);
    source.setMatrix(
      new this.#ngl.Matrix4().set(
        ...[apix, 0, 0, origin[0]],
        ...[0, apix, 0, origin[1]],
        ...[0, 0, apix, origin[2]],
        ...([0, 0, 0, 1] as [number, number, number, number]),
      ),
    );
    const now = { colour: "#a8bfd6", opacity: 1, visible: true, ...style };
    let buffer: NglTypes.MeshBuffer | undefined;
    let triangles = 0;
    const draw = () => {
      if (buffer) this.#remove(buffer);
      buffer = undefined;
      triangles = 0;
      if (!now.visible || this.#disposed) return;
      const none = undefined as never;
      const surface = source.getSurface(now.level, 0, none, 0, false);
      const index = surface.getIndex();
      const position = surface.getPosition();
      if (!index || !position || index.length === 0) return;
      triangles = index.length / 3;
      const normal = surface.getNormal();
      const data = { position, index, color: repeated(rgbOf(now.colour), position.length / 3) };
      buffer = new this.#ngl.MeshBuffer(normal ? { ...data, normal } : data, {
        opacity: now.opacity,
        // One layer where one looks through, so that what is inside stays clear
        side: now.opacity < 1 ? "front" : "double",
        depthWrite: now.opacity >= 1,
        roughness: 0.6,
        metalness: 0,
      });
      (buffer as { isSurface: boolean }).isSurface = true;
      this.#add(buffer);
    };
    draw();
    return {
      set: (changed) => {
        const before = { ...now };
        Object.assign(now, changed);
        const same = (Object.keys(now) as (keyof typeof now)[]).every((key) => now[key] === before[key]);
        if (!same) draw();
      },
      box: {
        lowest: origin,
        highest: origin.map((place, axis) => place + (volume.size[axis]! - 1) * apix) as unknown as Vector,
      },
      get triangles() {
        return triangles;
      },
      dispose: () => {
        if (buffer) this.#remove(buffer);
        source.dispose();
      },
    };
  }

  /** The pickable sphere under a point of the page, as its place in the list. */
  pick(clientX: number, clientY: number): number | undefined {
    const box = this.canvas.getBoundingClientRect();
    const { pid, picker } = this.#stage.viewer.pick(clientX - box.left, box.bottom - clientY);
    return picker ? pid : undefined;
  }

  /** Å per pixel of the page, at the distance of the middle of the view. */
  get scale(): number {
    return this.#stage.viewerControls.getCanvasScaleFactor(0);
  }

  /** Resolves after the next frame has been drawn. */
  drawn(): Promise<void> {
    return new Promise((resolve) => {
      this.#stage.viewer.signals.rendered.addOnce(() => resolve());
      this.#stage.viewer.requestRender();
    });
  }

  /** The picture as PNG, antialiased, on the background of the view. */
  png(): Promise<Blob> {
    return this.#stage.makeImage({ factor: 2, antialias: true, trim: false, transparent: false });
  }

  /** Gives the WebGL context and everything else back. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    clearTimeout(this.#moved);
    this.#abort.abort();
    this.#resizing.disconnect();
    // A frame that NGL has asked for would come after the context has gone
    Object.assign(this.#stage.viewer, { render: () => {}, requestRender: () => {} });
    for (const buffer of this.#buffers) buffer.dispose();
    this.#buffers.clear();
    this.#stage.keyBehavior.dispose();
    this.#stage.animationControls.clear();
    this.#stage.dispose();
    // Without this the browser would hold the context until the canvas is collected
    this.#stage.viewer.renderer.forceContextLoss();
    this.#stage.tooltip.remove();
    this.#stage.viewer.wrapper.remove();
  }
}

function repeated(colour: readonly number[], count: number): Float32Array {
  const all = new Float32Array(3 * count);
  for (let i = 0; i < all.length; i++) all[i] = colour[i % 3]!;
  return all;
}

/** The box around places [3N]; undefined around none. */
export function boxOf(places: ArrayLike<number>): Box | undefined {
  const lowest = [Infinity, Infinity, Infinity];
  const highest = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < places.length; i++) {
    const axis = i % 3;
    if (places[i]! < lowest[axis]!) lowest[axis] = places[i]!;
    if (places[i]! > highest[axis]!) highest[axis] = places[i]!;
  }
  if (!(lowest[0]! <= highest[0]!)) return undefined;
  return { lowest: lowest as unknown as Vector, highest: highest as unknown as Vector };
}

/** Draws the rim of each sphere darker, which sets spheres of one colour apart. */
function darkenEdges(buffer: NglTypes.SphereBuffer): void {
  const { material } = buffer;
  material.fragmentShader = material.fragmentShader.replace(
    "gl_FragColor = vec4( outgoingLight",
    "outgoingLight *= mix( 0.5, 1.0, smoothstep( 0.0, 0.55, abs( dot( cameraNormal, normalize( vViewPosition ) ) ) ) );\n" +
      "gl_FragColor = vec4( outgoingLight",
  );
  material.needsUpdate = true;
}
