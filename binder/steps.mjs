// Set-up as a list of steps; a step runs only if its inputs have changed since it last finished.
// Uses only Node's built-in modules, because it runs before any package is installed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A set-up failure: the failed step, the last lines of its output, and advice. */
export class SetupError extends Error {
  constructor(message, { tail = [], advice = "" } = {}) {
    super(message);
    this.name = "SetupError";
    this.tail = tail;
    this.advice = advice;
  }

  /** The text for the terminal. */
  describe() {
    const lines = [`✘ ${this.message}`, ...this.tail.map((line) => `  | ${line}`)];
    if (this.advice) lines.push(`  ${this.advice}`);
    return lines.join("\n");
  }
}

/**
 * @typedef {object} Step
 * @property {string} name short, for the progress line
 * @property {string} stamp file with the inputs of the last finished run; it lies inside the outputs, so that deleting them deletes it
 * @property {() => string} inputs a string that changes whenever the step must run again
 * @property {string[]} [outputs] paths that must exist for the step to count as done
 * @property {() => boolean} [adopt] whether the existing outputs, made by something else, are exactly those of this step
 * @property {(say: (line: string) => void) => Promise<void>} run
 */

/** Whether the step is up to date. @param {Step} step */
export function isCurrent(step) {
  if (!existsSync(step.stamp) || !(step.outputs ?? []).every((file) => existsSync(file))) return false;
  return readFileSync(step.stamp, "utf8") === step.inputs();
}

/**
 * Runs the step unless it is current. The stamp is removed first and written last, with the inputs from before the run,
 * so neither an aborted run nor an input changed meanwhile counts as finished.
 * @param {Step} step @param {Progress} progress @returns {Promise<boolean>} whether it ran
 */
export async function runStep(step, progress) {
  if (isCurrent(step)) return false;
  const inputs = step.inputs();
  if (!step.adopt?.()) {
    rmSync(step.stamp, { force: true });
    progress.begin(step.name);
    try {
      await step.run((line) => progress.say(line));
    } catch (error) {
      progress.end(false);
      throw error;
    }
    progress.end(true);
  }
  mkdirSync(path.dirname(step.stamp), { recursive: true });
  writeFileSync(`${step.stamp}.new`, inputs);
  renameSync(`${step.stamp}.new`, step.stamp);
  return true;
}

/** Progress of the steps: a live line on a terminal, otherwise one line at the start and end of each step. */
export class Progress {
  #out;
  #live;
  #name = "";
  #started = 0;
  #last = "";
  #timer;

  constructor(out = process.stdout) {
    this.#out = out;
    this.#live = out.isTTY === true;
  }

  begin(name) {
    this.#name = name;
    this.#last = "";
    this.#started = performance.now();
    if (!this.#live) this.#out.write(`  ${name} …\n`);
    else this.#timer = setInterval(() => this.#draw(), 200);
  }

  /** Shows the latest output line of the running step. */
  say(line) {
    this.#last = line;
  }

  end(ok) {
    clearInterval(this.#timer);
    const erase = this.#live ? "\r\x1b[2K" : "";
    this.#out.write(`${erase}${ok ? "✔" : "✘"} ${this.#name}  ${this.#seconds()} s\n`);
  }

  #seconds() {
    return ((performance.now() - this.#started) / 1000).toFixed(1);
  }

  #draw() {
    const head = `  ${this.#name}  ${this.#seconds()} s  `;
    const room = Math.max(0, (this.#out.columns ?? 80) - head.length - 1);
    this.#out.write(`\r\x1b[2K${head}\x1b[2m${this.#last.slice(0, room)}\x1b[22m`);
  }
}

/** Keeps the first five and the last thirty lines of an output: some programs print the error first, others last. */
function keepEnds(lines, line) {
  lines.push(line);
  if (lines.length > 36) lines.splice(5, 2, "…");
}

const running = new Set();

/** Terminates a running child when this process is terminated, so that it does not interfere with the next set-up. */
function endWithUs(child) {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  if (running.size === 0) for (const signal of signals) process.on(signal, endAll);
  running.add(child);
  child.on("close", () => {
    running.delete(child);
    if (running.size === 0) for (const signal of signals) process.off(signal, endAll);
  });
}

function endAll(_signal, number) {
  for (const child of running) child.kill("SIGTERM");
  process.exit(128 + number);
}

/**
 * Runs a program to completion. Output lines that match `noise` are dropped. @returns its stdout
 * @throws SetupError with the first and last lines of its output if it cannot be started or fails
 */
export function command(program, args, { cwd, env, say = () => {}, what = program, advice, noise } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    endWithUs(child);
    const tail = [];
    let stdout = "";
    const listen = (stream, keep) => {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        if (keep) stdout += text;
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop();
        for (const line of lines.filter((l) => l.trim() && !noise?.test(l))) {
          keepEnds(tail, line);
          say(line.trim());
        }
      });
      stream.on("end", () => rest.trim() && keepEnds(tail, rest));
    };
    listen(child.stdout, true);
    listen(child.stderr, false);
    child.on("error", (error) => reject(new SetupError(`${what}: ${error.message}`, { advice })));
    child.on("close", (status, signal) => {
      if (status === 0) resolve(stdout);
      else reject(new SetupError(`${what} failed (${signal ?? `exit status ${status}`})`, { tail, advice }));
    });
  });
}

/** Hash of file paths (relative to `root`) and contents; a missing file has its own value. */
export function hashFiles(root, files) {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${path.relative(root, file)}\0`);
    if (existsSync(file)) hash.update(readFileSync(file));
    else hash.update("\0missing");
    hash.update("\0");
  }
  return hash.digest("hex");
}

/** All files below a folder in a fixed order, except in node_modules and in folders with the given names. */
export function filesBelow(folder, without = []) {
  if (!existsSync(folder)) return [];
  const skip = new Set(["node_modules", ...without]);
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skip.has(entry.name)) found.push(...filesBelow(file, without));
    } else found.push(file);
  }
  return found;
}
