import assert from "node:assert/strict";
import { test } from "vitest";
import { settled } from "../widget.test.helper.js";
import { PanelModel, type PanelServices, type RunListing } from "./panelModel.js";

const listing = (folder: string): RunListing => ({ folder, runs: [], explorers: [] });

/** Services with two kernels; single ones can be replaced. */
function services(replaced: Partial<PanelServices> = {}): PanelServices {
  return {
    kernels: async () => [
      { id: "k1", name: "one.ipynb" },
      { id: "k2", name: "two.ipynb" },
    ],
    startKernel: async () => "k3",
    listRuns: async (kernel) => listing(`/${kernel}`),
    openRun: async () => "m1",
    showExplorer: async () => {},
    ...replaced,
  };
}

const place = { id: "p", cwd: "" };

test("a new panel lists the runs of the first kernel, and those of another when it is chosen", async () => {
  const model = new PanelModel(services(), place);
  await model.begin();
  assert.deepEqual([model.stage, model.kernel, model.listing?.folder], ["choosing", "k1", "/k1"]);
  await model.selectKernel("k2");
  assert.equal(model.listing?.folder, "/k2");
});

test("the answer of a previously chosen kernel is ignored", async () => {
  let answerFirst: (listing: RunListing) => void = () => {};
  const listRuns = (kernel: string) =>
    kernel === "k1"
      ? new Promise<RunListing>((resolve) => {
          answerFirst = resolve;
        })
      : Promise.resolve(listing("/k2"));
  const model = new PanelModel(services({ listRuns }), place);
  const begun = model.begin();
  await settled();
  await model.selectKernel("k2");
  answerFirst(listing("/k1"));
  await begun;
  assert.equal(model.listing?.folder, "/k2");
});

test("a run is opened, shown, and remembered", async () => {
  const shown: string[][] = [];
  const showExplorer = async (...args: string[]) => {
    shown.push(args);
  };
  const model = new PanelModel(services({ showExplorer }), place);
  let moves = 0;
  model.moved.connect(() => moves++);
  await model.begin();
  await model.open("run");
  assert.deepEqual(shown, [["k1", "m1", "run"]]);
  assert.deepEqual(model.place, { id: "p", cwd: "", kernel: "k1", model: "m1", folder: "run" });
  assert.deepEqual([model.stage, moves], ["exploring", 1]);
});

test("a reloaded panel returns to its explorer, or reports why it cannot", async () => {
  const before = { ...place, kernel: "k2", model: "m1", folder: "run" };
  const back = new PanelModel(services(), before);
  await back.begin();
  assert.equal(back.stage, "exploring");

  const listRuns = () => Promise.reject(new Error("the kernel is busy"));
  const showExplorer = () => Promise.reject(new Error("its kernel is not running"));
  const gone = new PanelModel(services({ showExplorer }), before);
  const messages: string[] = [];
  gone.stateChanged.connect(() => messages.push(gone.status));
  await gone.begin();
  assert.ok(messages.includes("The explorer is no longer available: its kernel is not running"));
  assert.deepEqual([gone.stage, gone.kernel], ["choosing", "k2"]);

  const busy = new PanelModel(services({ listRuns }), place);
  await busy.begin();
  assert.equal(busy.status, "the kernel is busy");
});

test("a failed kernel start is reported, and the list is shown again", async () => {
  const startKernel = () => Promise.reject(new Error("no space"));
  const model = new PanelModel(services({ startKernel }), place);
  await model.begin();
  await model.startKernel();
  assert.equal(model.status, "No kernel could be started: no space");
  assert.deepEqual([model.starting, model.listing?.folder], [false, "/k1"]);
});

test("a started kernel is chosen", async () => {
  let running = [{ id: "k1", name: "one.ipynb" }];
  const model = new PanelModel(
    services({
      kernels: async () => running,
      startKernel: async () => {
        running = [...running, { id: "k3", name: "Explorer" }];
        return "k3";
      },
    }),
    place,
  );
  await model.begin();
  await model.startKernel();
  assert.deepEqual([model.kernel, model.listing?.folder], ["k3", "/k3"]);
});

test("a panel that is asked for a run opens it in a kernel of its own, in the folder that its path is relative to", async () => {
  const calls: string[] = [];
  const model = new PanelModel(
    services({
      kernels: async () => [{ id: "k3", name: "Explorer" }],
      startKernel: async (folder) => {
        calls.push(`start in "${folder}"`);
        return "k3";
      },
      listRuns: async (kernel) => {
        calls.push(`list the runs of ${kernel}`);
        return listing("/");
      },
      openRun: async (kernel, folder) => {
        calls.push(`open ${folder} in ${kernel}`);
        return "m1";
      },
    }),
    { ...place, folder: "set/run" },
  );
  await model.begin();
  assert.deepEqual(calls, ['start in ""', "open set/run in k3"]);
  assert.deepEqual([model.stage, model.place.model], ["exploring", "m1"]);
});

test("a panel that is asked for a run and gets no kernel says why, and offers those that run", async () => {
  const startKernel = () => Promise.reject(new Error("no space"));
  const model = new PanelModel(services({ startKernel }), { ...place, folder: "set/run" });
  await model.begin();
  assert.deepEqual(
    [model.stage, model.starting, model.kernel, model.status],
    ["choosing", false, "k1", "No kernel could be started: no space"],
  );
});

test("a panel whose run cannot be opened offers the runs, and says why", async () => {
  const openRun = () => Promise.reject(new Error("set/run: no run"));
  const model = new PanelModel(services({ openRun }), { ...place, kernel: "k2", folder: "set/run" });
  await model.begin();
  assert.deepEqual([model.stage, model.kernel, model.status], ["choosing", "k2", "set/run: no run"]);
});
