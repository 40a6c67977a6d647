// Vitest reporter for the summary of `npm test`: skipped tests with reasons, failures, and counts.
import { spawnSync } from "node:child_process";
import path from "node:path";

/** Counts of passed, failed and skipped tests and other checks, and the summary text. */
export class Tally {
  passed = 0;
  /** @type {string[]} */ failures = [];
  /** @type {string[]} */ skips = [];

  get ok() {
    return this.failures.length === 0 && this.passed > 0;
  }

  closing() {
    const lines = [];
    if (this.skips.length > 0) lines.push("", "Skipped:", ...this.skips.map((line) => `  ${line}`));
    if (this.failures.length > 0) lines.push("", "Failed:", ...this.failures.map((line) => `  ${line}`));
    if (this.passed + this.failures.length === 0) lines.push("", "No test ran.");
    lines.push("", `${this.passed} passed, ${this.failures.length} failed, ${this.skips.length} skipped`);
    return lines.join("\n");
  }
}

/** The skip reason of a test or of an enclosing suite. */
function skipReason(test) {
  for (let task = test; task?.meta; task = task.parent) {
    const reason = task.meta().skipReason;
    if (reason) return reason;
  }
  return test.result().note ?? "no reason given";
}

/** Adds results to a tally. `grace`: seconds past its time limit after which a test that blocks its process ends the run. */
export class SummaryReporter {
  #running = new Map();
  /** Reports of a test may arrive after that of the end of its module. */
  #ended = new Set();
  #timer;

  constructor(tally, { root, named = false, grace = 60 }) {
    this.tally = tally;
    this.root = root;
    this.named = named;
    this.grace = grace;
  }

  onTestRunStart() {
    this.#timer = setInterval(() => this.#endIfBlocked(), 5000);
    this.#timer.unref();
  }

  onTestModuleQueued(module) {
    this.#heard(module);
  }

  onTestModuleStart(module) {
    this.#heard(module);
  }

  onTestCaseReady(test) {
    this.#heard(test.module);
  }

  onTestCaseResult(test) {
    this.#heard(test.module);
  }

  onTestModuleEnd(module) {
    this.#running.delete(module.moduleId);
    this.#ended.add(module.moduleId);
  }

  #heard(module) {
    if (!this.#ended.has(module.moduleId)) this.#running.set(module.moduleId, { module, last: Date.now() });
  }

  /** Vitest's own time limit cannot stop a test that blocks its process. */
  #endIfBlocked() {
    for (const { module, last } of this.#running.values()) {
      const limit = module.project.config.testTimeout + this.grace * 1000;
      if (Date.now() - last < limit) continue;
      console.log(`\n${this.#place(module)} blocks its process; stopping the run`);
      this.tally.failures.push(this.#place(module));
      console.log(this.tally.closing());
      // The blocked process would outlive this one and keep its output open.
      spawnSync("pkill", ["-KILL", "-P", String(process.pid)]);
      process.exit(1);
    }
  }

  #place(module) {
    return path.relative(this.root, module.moduleId);
  }

  onTestRunEnd(modules, unhandledErrors) {
    clearInterval(this.#timer);
    const { tally } = this;
    for (const module of modules) {
      const place = this.#place(module);
      const failuresBefore = tally.failures.length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        const name = `${place}: ${test.fullName}`;
        if (state === "passed") tally.passed++;
        else if (state === "failed") tally.failures.push(name);
        else if (!this.named || skipReason(test) !== "no reason given")
          tally.skips.push(`${name}: ${skipReason(test)}`);
      }
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) tally.failures.push(`${place}: ${suite.fullName}`);
      }
      if (module.state() === "failed" && tally.failures.length === failuresBefore) tally.failures.push(place);
    }
    for (const error of unhandledErrors) tally.failures.push(`outside a test: ${error.message}`);
  }
}
