import assert from "node:assert/strict";
import { test } from "vitest";
import { type EventSource, ViewModel } from "./view.js";

class Counter extends ViewModel {
  count = 0;

  constructor(source: EventSource) {
    super();
    this.follow(source, "change:a change:b", () => this.add());
  }

  add(): void {
    this.count++;
    this.changed();
  }
}

function eventSource() {
  const listeners = new Set<() => void>();
  return {
    listeners,
    source: {
      on: (_events: string, listener: () => void) => listeners.add(listener),
      off: (_events: string, listener: () => void) => listeners.delete(listener),
    },
  };
}

test("a model emits its changes until it is disposed", () => {
  const { listeners, source } = eventSource();
  const model = new Counter(source);
  let told = 0;
  model.stateChanged.connect(() => told++);
  model.add();
  for (const listener of listeners) listener();
  assert.deepEqual([model.count, told], [2, 2]);
  model.dispose();
  model.add();
  assert.equal(told, 2);
  assert.equal(model.isDisposed, true);
});

test("a disposed model follows no widget", () => {
  const { listeners, source } = eventSource();
  const model = new Counter(source);
  assert.equal(listeners.size, 1);
  model.dispose();
  model.dispose();
  assert.equal(listeners.size, 0);
});
