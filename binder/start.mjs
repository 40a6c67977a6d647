// npm start: sets up, then opens a notebook in JupyterLab or runs it without a browser.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { exitWith, jupyterEnvironment, pythonProgram, root, setup } from "./setup.mjs";
import { SetupError } from "./steps.mjs";

const firstNotebook = "notebooks/first-light.ipynb";

const help = `npm start                               open JupyterLab on ${firstNotebook}
npm start -- NOTEBOOK                   open another notebook
npm start -- --no-browser --port 8899   these and all other options are passed to JupyterLab
npm start -- --execute [NOTEBOOK]       run the notebook without a browser; the executed notebook and an HTML page are
                                        written to notebooks/output/, the notebook itself is not changed
  --set PARTICLES=particles.star        sets a variable of the notebook, here your own particles and consensus map;
  --set MAP=consensus.mrc               the notebook reads the environment variables E2GMM_PARTICLES and E2GMM_MAP.
                                        Also works without --execute. Paths are relative to the current folder.`;

/** Parses the command line. @throws SetupError on an invalid option */
export function parseArguments(args, cwd) {
  const asked = { execute: false, help: false, notebook: undefined, variables: {}, passed: [] };
  for (let i = 0; i < args.length; i++) {
    const word = args[i];
    if (word === "--help" || word === "-h") asked.help = true;
    else if (word === "--execute") asked.execute = true;
    else if (word === "--set" || word.startsWith("--set=")) {
      const [, name, value] =
        (word === "--set" ? (args[++i] ?? "") : word.slice(6)).match(/^([A-Za-z]\w*)=(.*)$/s) ?? [];
      if (name === undefined)
        throw new SetupError(`--set takes NAME=VALUE, such as --set PARTICLES=particles.star`);
      const file = path.resolve(cwd, value);
      asked.variables[`E2GMM_${name.toUpperCase()}`] = value !== "" && existsSync(file) ? file : value;
    } else if (word.endsWith(".ipynb") && !word.startsWith("-")) asked.notebook = path.resolve(cwd, word);
    else asked.passed.push(word);
  }
  if (asked.execute && asked.passed.length > 0) {
    throw new SetupError(`npm start -- --execute does not know ${asked.passed.join(" ")}`, {
      advice: "npm start -- --help lists the options.",
    });
  }
  return asked;
}

/** Whether a browser can be opened on this machine. */
function hasBrowser() {
  const { DISPLAY, WAYLAND_DISPLAY, BROWSER } = process.env;
  return process.platform !== "linux" || Boolean(DISPLAY || WAYLAND_DISPLAY || BROWSER);
}

/** Runs a program of the Python environment in the foreground and exits with its status. */
function become(program, args, env) {
  const child = spawn(pythonProgram(program), args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...jupyterEnvironment, ...env },
  });
  // Ctrl-C reaches the child from the terminal; it decides when to exit, and this process exits after it
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  if (process.env["npm_lifecycle_event"]) {
    // npm does not forward signals when it is killed; the child must not outlive it
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 1000).unref();
  }
  child.on("error", (error) => exitWith(new SetupError(`${program}: ${error.message}`)));
  child.on("close", (status, signal) => process.exit(signal === null ? status : 1));
}

/**
 * Marks one of our own notebooks as trusted; Jupyter hides the figures of an untrusted one until its cells are run. Runs while
 * JupyterLab starts. A failure is harmless: the figures appear later.
 */
function trust(notebook) {
  const options = { stdio: "ignore", env: { ...process.env, ...jupyterEnvironment } };
  spawn(pythonProgram("jupyter-trust"), [notebook], options).on("error", () => {});
}

function openLab({ notebook, variables, passed }) {
  const inside = path.relative(root, notebook);
  const outside = inside.startsWith("..");
  const tree = (outside ? path.basename(notebook) : inside).split(path.sep).map(encodeURIComponent).join("/");
  const options = [
    `--ServerApp.root_dir=${outside ? path.dirname(notebook) : root}`,
    `--LabApp.default_url=/lab/tree/${tree}`,
    "--log-level=WARN",
  ];
  if (process.getuid?.() === 0) options.push("--allow-root");
  if (!passed.includes("--no-browser") && !hasBrowser()) options.push("--no-browser");
  if (path.dirname(notebook) === path.join(root, "notebooks")) trust(notebook);
  console.log("Starting JupyterLab; press Ctrl-C twice to stop it.");
  become("jupyter-lab", [...options, ...passed], variables);
}

async function main() {
  // npm runs this script in the repository; INIT_CWD is the user's folder
  const asked = parseArguments(process.argv.slice(2), process.env["INIT_CWD"] ?? process.cwd());
  if (asked.help) {
    console.log(help);
    return;
  }
  asked.notebook ??= path.join(root, firstNotebook);
  if (!existsSync(asked.notebook)) throw new SetupError(`notebook not found: ${asked.notebook}`);
  await setup();
  if (!asked.execute) openLab(asked);
  else {
    const script = path.join(root, "binder/execute.py");
    become("python", [script, asked.notebook, path.join(root, "notebooks/output")], asked.variables);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main().catch(exitWith);
