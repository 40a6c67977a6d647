import type { MapAccess, ViewerAccess, ViewerState } from "./viewerState.js";

/** Traits with the events that Backbone would send. */
class FakeTraits<State extends object> {
  private readonly listeners = new Map<string, Set<() => void>>();
  /** What the page has set, in order. */
  readonly changes: Partial<State>[] = [];

  constructor(readonly state: State) {}

  read<K extends keyof State>(key: K): State[K] {
    return this.state[key];
  }

  change(state: Partial<State>): void {
    this.changes.push(state);
    this.set(state);
  }

  /** As the kernel would set it. */
  set(state: Partial<State>): void {
    Object.assign(this.state, state);
    for (const key of Object.keys(state)) this.emit(`change:${key}`);
    this.emit("change");
  }

  private emit(event: string): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener();
  }

  on(events: string, listener: () => void): void {
    for (const event of events.split(" ")) {
      const listeners = this.listeners.get(event) ?? new Set();
      this.listeners.set(event, listeners.add(listener));
    }
  }

  off(events: string, listener: () => void): void {
    for (const event of events.split(" ")) this.listeners.get(event)?.delete(listener);
  }

  /** How many listeners there are. */
  get listening(): number {
    return [...this.listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

type MapState = Parameters<MapAccess["change"]>[0];

/** A map of a viewer without a kernel. */
export function fakeMap(state: MapState): MapAccess & FakeTraits<MapState> {
  return Object.assign(new FakeTraits<MapState>(state), {
    model_id: state.name ?? "",
  }) as unknown as MapAccess & FakeTraits<MapState>;
}

/** The shared state of a viewer without a kernel: two Gaussians in a box of 60 Å. */
export function fakeViewer(state: Partial<ViewerState> = {}): ViewerAccess & FakeTraits<ViewerState> {
  return new FakeTraits({
    title: "",
    notice: "",
    boxSize: 30,
    apix: 2,
    neutral: new Float32Array(10),
    region: new Uint8Array(),
    shapes: [],
    maps: [],
    density: fakeMap({ name: "Decoded density", visible: false, note: "" }),
    frames: new Uint16Array(),
    frameCount: 0,
    frameLow: [0, 0, 0, 0, 0],
    frameHigh: [1, 1, 1, 1, 1],
    framesPerSecond: 50,
    backAndForth: true,
    ...state,
  } as ViewerState);
}
