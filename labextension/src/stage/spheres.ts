import type * as NglTypes from "ngl";
import { boxOf } from "./geometry.js";
import type { Ngl, Scene } from "./scene.js";

/** Spheres to draw. */
export interface Spheres {
  /** Centres [3N] in Å. */
  position: Float32Array;
  /** [N], Å. */
  radius: Float32Array;
  /** [3N], red, green, blue, each 0 … 1. */
  colour: Float32Array;
}

/** How spheres are drawn. */
export interface SpheresOptions {
  /** 0 … 1. Default 1. */
  opacity?: number;
  /** Whether {@link Stage.pick} finds them. Default false. */
  pickable?: boolean;
}

/** Spheres on the screen. */
export interface SpheresHandle {
  /** Replaces what is given; the number of spheres cannot change. */
  set(spheres: Partial<Spheres>): void;
  /** Shows or hides them. */
  setVisible(visible: boolean): void;
  /** Centres [3N] as they are in the buffer that the graphics card draws. */
  drawnPositions(): Float32Array;
  /** Removes them. */
  dispose(): void;
}

/** Draws spheres, ray cast in the shader. */
export function addSpheres(
  scene: Scene,
  spheres: Spheres,
  { opacity = 1, pickable = false }: SpheresOptions = {},
): SpheresHandle {
  const { position, radius, colour } = spheres;
  const count = radius.length;
  const data = { position, radius, color: colour, ...(pickable ? { picking: { handle: true } } : {}) };
  const buffer = new scene.ngl.SphereBuffer(
    data as unknown as ConstructorParameters<Ngl["SphereBuffer"]>[0],
    { opacity, roughness: 0.55, metalness: 0 } as ConstructorParameters<Ngl["SphereBuffer"]>[1],
  );
  setBoundingBox(scene, buffer, position);
  const drawn = scene.add(buffer);
  darkenEdges(buffer);
  return {
    set: ({ position, radius, colour }) => {
      if (position) setBoundingBox(scene, buffer, position);
      buffer.setAttributes({
        ...(position ? { position } : {}),
        ...(radius ? { radius } : {}),
        ...(colour ? { color: colour } : {}),
      });
      if (position) scene.updateBoundingBox();
      scene.requestRender();
    },
    setVisible: (visible) => {
      buffer.setVisibility(visible);
      scene.requestRender();
    },
    drawnPositions: () => centresIn(buffer, count),
    dispose: () => drawn.dispose(),
  };
}

/** NGL computes the box of a geometry once; spheres that move need theirs set again. */
function setBoundingBox(scene: Scene, buffer: NglTypes.SphereBuffer, position: Float32Array): void {
  const box = boxOf(position);
  if (!box) return;
  buffer.geometry.boundingBox ??= new scene.ngl.Box3();
  buffer.geometry.boundingBox.min.set(...box.lowest);
  buffer.geometry.boundingBox.max.set(...box.highest);
}

/** An impostor is a square: each centre is four times in the buffer. */
function centresIn(buffer: NglTypes.SphereBuffer, count: number): Float32Array {
  const { array } = buffer.geometry.attributes["position"]!;
  const copies = array.length / (3 * count);
  const centres = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) centres[3 * i + axis] = array[3 * copies * i + axis]!;
  }
  return centres;
}

/** Draws the rim of each sphere darker, so that spheres of one colour can be told apart. */
function darkenEdges(buffer: NglTypes.SphereBuffer): void {
  const { material } = buffer;
  material.fragmentShader = material.fragmentShader.replace(
    "gl_FragColor = vec4( outgoingLight",
    "outgoingLight *= mix( 0.5, 1.0, smoothstep( 0.0, 0.55, abs( dot( cameraNormal, normalize( vViewPosition ) ) ) ) );\n" +
      "gl_FragColor = vec4( outgoingLight",
  );
  material.needsUpdate = true;
}
