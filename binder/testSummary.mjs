// Vitest reporter behind the last lines of `npm test`: skipped tests with their reasons, failures, and the counts.
import path from "node:path";

/** Tests that passed, failed and were skipped, and the closing line. Checks that are no test files are counted too. */
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

/** The reason that a test or a suite around it gives for being skipped. */
function skipReason(test) {
  for (let task = test; task?.meta; task = task.parent) {
    const reason = task.meta().skipReason;
    if (reason) return reason;
  }
  return test.result().note ?? "no reason given";
}

/** Counts into a tally. `grace`: seconds after its time limit at which a test that blocks its thread ends the run. */
export class SummaryReporter {
  #running = new Map();
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

  onTestCaseReady(test) {
    this.#running.set(test.id, { test, started: Date.now() });
  }

  onTestCaseResult(test) {
    this.#running.delete(test.id);
  }

  /** Vitest ends a test that waits too long; one that spins blocks the thread in which that would happen. */
  #endIfBlocked() {
    for (const { test, started } of this.#running.values()) {
      const limit = (test.options.timeout ?? 600_000) + this.grace * 1000;
      if (Date.now() - started < limit) continue;
      console.log(`\n${this.#place(test.module)}: ${test.fullName} blocks its process; the run is ended`);
      this.tally.failures.push(`${this.#place(test.module)}: ${test.fullName}`);
      console.log(this.tally.closing());
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
    for (const error of unhandledErrors) tally.failures.push(`outside of a test: ${error.message}`);
  }
}
