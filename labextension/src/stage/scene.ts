import type * as NglTypes from "ngl";

/** The module `ngl`, which is loaded when the first view opens. */
export type Ngl = typeof NglTypes;

/** What this extension draws with. */
export type AnyBuffer =
  | NglTypes.SphereBuffer
  | NglTypes.MeshBuffer
  | NglTypes.ArrowBuffer
  | NglTypes.BoxBuffer;

/** Something drawn that is only ever removed. */
export interface Drawn {
  /** Removes it and frees its memory on the graphics card. */
  dispose(): void;
}

/** The buffers that a view draws. */
export class Scene {
  private readonly buffers = new Set<AnyBuffer>();
  private disposed = false;

  constructor(
    readonly ngl: Ngl,
    private readonly viewer: NglTypes.Viewer,
  ) {}

  /** Whether the view is closed; nothing can be drawn then. */
  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Draws a buffer from the next frame on. */
  add(buffer: AnyBuffer): Drawn {
    this.buffers.add(buffer);
    this.viewer.add(buffer as unknown as Parameters<NglTypes.Viewer["add"]>[0]);
    this.requestRender();
    return { dispose: () => this.remove(buffer) };
  }

  private remove(buffer: AnyBuffer): void {
    if (this.disposed || !this.buffers.delete(buffer)) return;
    this.viewer.remove(buffer as unknown as Parameters<NglTypes.Viewer["remove"]>[0]);
    buffer.dispose();
    this.requestRender();
  }

  /** Draws a frame soon. */
  requestRender(): void {
    this.viewer.requestRender();
  }

  /** To be called after buffers have moved: the clipping planes follow the box around everything. */
  updateBoundingBox(): void {
    this.viewer.updateBoundingBox();
  }

  /** Frees all buffers. */
  dispose(): void {
    this.disposed = true;
    for (const buffer of this.buffers) buffer.dispose();
    this.buffers.clear();
  }
}
