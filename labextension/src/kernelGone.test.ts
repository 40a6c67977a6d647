import assert from "node:assert/strict";
import type { WidgetModel } from "@jupyter-widgets/base";
import { Signal } from "@lumino/signaling";
import { test } from "vitest";
import { KernelWatch } from "./kernelGone.js";

/** The parts of a model and its kernel that the watch reads. */
function modelAndKernel() {
  const kernel = { isDisposed: false, status: "idle" };
  const signals = {
    disposed: new Signal<object, void>(kernel),
    statusChanged: new Signal<object, string>(kernel),
  };
  const comm = { jsServicesComm: { isDisposed: false } };
  const listeners = new Map<() => void, unknown>();
  const model = {
    comm_live: true,
    comm,
    widget_manager: { kernel: Object.assign(kernel, signals) },
    on: (_name: string, listener: () => void, context: unknown) => listeners.set(listener, context),
    off: (_name: string, listener: () => void) => listeners.delete(listener),
  };
  return {
    model,
    comm: comm.jsServicesComm,
    status(status: string) {
      kernel.status = status;
      signals.statusChanged.emit(status);
    },
    live(live: boolean) {
      model.comm_live = live;
      for (const [listener, context] of listeners) listener.call(context);
    },
    freed() {
      kernel.isDisposed = true;
      signals.disposed.emit();
    },
  };
}

function watched() {
  const around = modelAndKernel();
  const told: boolean[] = [];
  const watch = new KernelWatch(around.model as unknown as WidgetModel, (gone) => told.push(gone));
  return { ...around, watch, told };
}

test("a busy or idle kernel counts as running", () => {
  const { watch, told, status } = watched();
  status("busy");
  status("idle");
  assert.equal(watch.gone, false);
  assert.deepEqual(told, [false, false]);
});

test("a restart, a crash and a shutdown are reported at once", () => {
  const restarted = watched();
  restarted.live(false);
  assert.deepEqual(restarted.told, [true]);
  const died = watched();
  died.status("dead");
  assert.deepEqual(died.told, [true]);
  const shutDown = watched();
  shutDown.freed();
  assert.deepEqual(shutDown.told, [true]);
});

test("a kernel that died and was restarted by the server counts as stopped for earlier models", () => {
  const { watch, comm, told, status } = watched();
  status("autorestarting");
  // JupyterLab disposes the comms after it has reported the status
  comm.isDisposed = true;
  status("starting");
  status("idle");
  assert.equal(watch.gone, true);
  assert.deepEqual(told.slice(1), [true, true]);
});

test("a disposed watch reports nothing", () => {
  const { watch, told, status, live, freed } = watched();
  watch.dispose();
  status("dead");
  live(false);
  freed();
  assert.deepEqual(told, []);
});
