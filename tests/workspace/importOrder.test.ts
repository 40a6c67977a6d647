import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { root } from "./repository";

/**
 * Import order of `kernel-lib/src`: a folder imports only folders listed before it. Files outside folders (errors, progress,
 * random numbers, …) may be used by all.
 */
const order = [
  "fourier",
  "optics",
  "formats",
  "wasm",
  "compute",
  "maps",
  "particles",
  "model",
  "projection",
  "reconstruction",
  "network",
  "simulate",
  "training",
  "jobs",
  "fetch",
  "latent",
  "evidence",
  "atoms",
  "correction",
  "display",
  "study",
  "workbench",
  "project",
  "widgets",
  "explorer",
];
/** Re-exports of tslab-widgets; only the command that installs the kernel imports them. */
const apart = "jupyter";
/** Modules that may import everything. */
const top = ["cli", "index"];

const sources = path.join(root, "kernel-lib/src");
const kernelSources = path.join(root, "kernel-lib/tslab-widgets/src");

/**
 * Import order of tslab-widgets: the display protocol and the transport are below kernel and widgets, which do not import
 * each other.
 */
const below: Record<string, string[]> = {
  display: [],
  widgets: ["display", "transport"],
  kernel: ["display", "transport", "errors"],
};

/** Modules of a folder (without extension, without tests) and their imports from the same package. */
function imports(folder = sources): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (!name.endsWith(".ts") || /\.test\.|\.d\.ts$/.test(name) || name === "testing.ts") continue;
    const module = name.replaceAll(path.sep, "/").replace(/\.ts$/, "");
    const text = readFileSync(path.join(folder, name), "utf8");
    const targets = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]*)"/g)].map(([, to]) =>
      path.posix.join(path.posix.dirname(module), to!.replace(/\.js$/, "")),
    );
    found.set(module, targets);
  }
  return found;
}

const folderOf = (module: string) => (module.includes("/") ? module.split("/")[0]! : "");

test("every folder is listed in the import order", () => {
  const folders = new Set([...imports().keys()].map(folderOf).filter((folder) => folder !== ""));
  assert.deepEqual([...folders].sort(), [...order, apart, "cli"].sort());
});

test("a folder imports only folders before it, and the kernel imports none", () => {
  const wrong: string[] = [];
  for (const [module, targets] of imports()) {
    const from = folderOf(module);
    if (top.includes(from) || top.includes(module)) continue;
    for (const target of targets) {
      const to = folderOf(target);
      if (to === "" || to === from) continue;
      const allowed =
        from !== "" && from !== apart && order.indexOf(to) >= 0 && order.indexOf(to) < order.indexOf(from);
      if (!allowed) wrong.push(`${module} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("tslab-widgets does not import e2gmm, and its kernel and widgets do not import each other", () => {
  const wrong: string[] = [];
  for (const [module, targets] of imports(kernelSources)) {
    const from = folderOf(module);
    for (const target of targets) {
      const to = folderOf(target) || target;
      const allowed = from === "" || to === from || below[from]?.includes(to);
      if (!allowed || target.startsWith("..")) wrong.push(`${module} imports ${target}`);
    }
    const text = readFileSync(path.join(kernelSources, `${module}.ts`), "utf8");
    if (/["']e2gmm/.test(text)) wrong.push(`${module} names e2gmm`);
  }
  assert.deepEqual(wrong, []);
});

test.for([sources, kernelSources])("%s has no circular imports", (folder) => {
  const graph = imports(folder);
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (module: string, way: string[]): void => {
    if (state.get(module) === "done") return;
    if (state.get(module) === "open") {
      circles.push([...way.slice(way.indexOf(module)), module].join(" → "));
      return;
    }
    state.set(module, "open");
    for (const target of graph.get(module) ?? graph.get(`${module}/index`) ?? [])
      visit(target, [...way, module]);
    state.set(module, "done");
  };
  for (const module of graph.keys()) visit(module, []);
  assert.deepEqual(circles, []);
});
