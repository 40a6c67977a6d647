// Runs compiled test files, each in a process of its own, and says what came of them.
// `npm test` uses it after set-up; by hand: node binder/runner.mjs FILE.test.js …
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const reporter = new URL("./test-events.mjs", import.meta.url).href;
const seconds = (started) => ((performance.now() - started) / 1000).toFixed(1);
const indent = (text) => text.replace(/^/gm, "    ").trimEnd();

/** What a test may not be skipped for on CI, where all of it is installed. */
const requiredOnCi = /relion|chromium|jupyter|playwright/i;

/** Passed, failed and skipped tests, and the closing line that says so. */
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

/** Events of a test file's run, as binder/test-events.mjs wrote them; the last line may be cut off by a crash. */
function readEvents(file) {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // the process ended before it wrote anything
  }
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line));
}

/** Runs one file. @returns its events, what it printed, and how its process ended */
function runFile(file, { cwd, timeout, name }) {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-run-"));
  const events = path.join(folder, "events");
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // set by an outer `node --test`, it would replace our reporter
  const args = [`--test-reporter=${reporter}`, `--test-reporter-destination=${events}`];
  if (name) args.push(`--test-name-pattern=${name}`);
  return new Promise((resolve) => {
    // A process group of its own, so that what the test started ends with it
    const child = spawn(process.execPath, [...args, file], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    let timedOut = false;
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // nothing of the group is left
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeout * 1000);
    process.once("exit", end);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        output = (output + text).slice(-20000);
      });
    }
    child.on("exit", () => {
      clearTimeout(timer);
      end();
    });
    child.on("close", (status, signal) => {
      process.off("exit", end);
      const result = { events: readEvents(events), output, status, signal, timedOut };
      rmSync(folder, { recursive: true, force: true });
      resolve(result);
    });
  });
}

/** What one file's run comes to: counts, and its failures and skips in words. */
export function judge({ events, status, signal, timedOut }, { timeout, named = false, ci = false }) {
  const result = { passed: 0, failures: [], skips: [] };
  const unmatched = (event) => typeof event.skip === "string" && /does not match pattern/.test(event.skip);
  const ended = events.filter(
    (e) => (e.type === "test:pass" || e.type === "test:fail") && e.kind !== "suite",
  );
  for (const event of ended) {
    const { name, type, skip, todo, failure } = event;
    const reason = skip || todo;
    if (unmatched(event)) continue;
    if (reason !== undefined && reason !== false) {
      const why = reason === true || reason === "" ? "no reason given" : reason;
      if (ci && requiredOnCi.test(why)) result.failures.push({ name, text: `skipped on CI: ${why}` });
      else result.skips.push({ name, why });
    } else if (type === "test:pass") result.passed++;
    else if (failure?.reason !== "subtestsFailed") result.failures.push({ name, text: failure?.text ?? "" });
  }
  // A hook of a suite that fails is reported on the suite alone
  for (const { name, failure } of events.filter((e) => e.type === "test:fail" && e.kind === "suite")) {
    if (failure?.reason !== "subtestsFailed") result.failures.push({ name, text: failure?.text ?? "" });
  }
  const finished = events.some((event) => event.type === "end");
  const last = ended.at(-1)?.name;
  const reached = last === undefined ? "none of its tests ended" : `its last test to end was "${last}"`;
  const how = signal ? `signal ${signal}` : `exit status ${status}`;
  const fail = (text) => result.failures.push({ name: "(the file)", text });
  if (timedOut) fail(`did not end within ${timeout} s: ${reached}`);
  else if (!finished && (status !== 0 || events.length > 0))
    fail(`its process ended early with ${how}: ${reached}`);
  else if (ended.length === 0 && !named && result.failures.length === 0) fail("it holds no test");
  else if (status !== 0 && result.failures.length === 0) fail(`its process ended with ${how}`);
  return result;
}

/**
 * Runs test files, several at a time; those named `*.slow.test.js` afterwards, one at a time, since they use every core.
 * @param {string[]} files
 * @param {Tally} tally
 * @param {{cwd: string, label?: (file: string) => string, name?: string, timeout?: number, slowTimeout?: number, ci?: boolean}} options times in seconds
 */
export async function runFiles(files, tally, options) {
  const {
    cwd,
    name,
    label = (file) => path.relative(cwd, file),
    ci = process.env["CI"] === "true",
  } = options;
  const set = Number(process.env["E2GMM_TEST_TIMEOUT"]) || undefined;
  const isSlow = (file) => /\.slow\.test\.[cm]?js$/.test(file);
  const one = async (file) => {
    const timeout = set ?? (isSlow(file) ? (options.slowTimeout ?? 600) : (options.timeout ?? 180));
    const started = performance.now();
    const run = await runFile(file, { cwd, timeout, name });
    const { passed, failures, skips } = judge(run, { timeout, named: name !== undefined, ci });
    if (name !== undefined && passed + failures.length + skips.length === 0) return;
    tally.passed += passed;
    tally.failures.push(...failures.map((failure) => `${label(file)}: ${failure.name}`));
    tally.skips.push(...skips.map((skip) => `${label(file)}: ${skip.name}: ${skip.why}`));
    const counts = [`${passed} passed`];
    if (failures.length > 0) counts.push(`${failures.length} failed`);
    if (skips.length > 0) counts.push(`${skips.length} skipped`);
    console.log(
      `${failures.length > 0 ? "✘" : "✔"} ${label(file)}  ${counts.join(", ")}  ${seconds(started)} s`,
    );
    for (const failure of failures) console.log(`  ✘ ${failure.name}\n${indent(failure.text)}`);
    if (failures.length > 0 && run.output.trim())
      console.log(`  it printed:\n${indent(run.output.trimEnd())}`);
  };
  const pool = async (queue, width) => {
    const worker = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) await one(file);
    };
    await Promise.all(Array.from({ length: width }, worker));
  };
  await pool(
    files.filter((file) => !isSlow(file)),
    Math.min(4, availableParallelism()),
  );
  await pool(files.filter(isSlow), 1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const tally = new Tally();
  const cwd = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  await runFiles(
    process.argv.slice(2).map((file) => path.resolve(file)),
    tally,
    { cwd },
  );
  console.log(tally.closing());
  process.exitCode = tally.ok ? 0 : 1;
}
