// Installs TensorFlow.js's native backends into native/ and .venv:
//   npm run native            TensorFlow's kernels for the CPU
//   npm run native -- gpu     the same for NVIDIA cards (CUDA)
//   npm run native -- webgpu  any GPU with a Vulkan driver, through Dawn; needs no compiler
// The prebuilt library that @tensorflow/tfjs-node downloads is old and often unavailable, so its addon is built here, from
// the sources in the npm package, against the TensorFlow of a Python wheel. It uses N-API: one build works with every
// Node from 20 on.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { exitWith, pythonProgram, root, steps } from "./setup.mjs";
import { command, hashFiles, Progress, runStep, SetupError } from "./steps.mjs";

const tfjs = "4.22.0";
/**
 * Lock files of TensorFlow's Python packages with the hash of every file; the one for CUDA includes its dependencies. To
 * regenerate them, use the options given in binder/requirements.in with `tensorflow-cpu==VERSION` and `--no-deps`, or with
 * `tensorflow[and-cuda]==VERSION` and `-c binder/requirements.txt`.
 */
const locks = { cpu: "binder/tensorflow-cpu.txt", gpu: "binder/tensorflow-gpu.txt" };
const tensorflow = "2.21.0";
const headers = "1.9.0";
const dawn = "0.6.2";
/** The newest N-API for which tfjs-node looks for an addon. */
const napi = 8;

const native = path.join(root, "native");
const backends = path.join(root, "kernel-lib/dist/compute/backends.js");
const retry = "Completed steps are kept; fix this and run the same command again.";

function npm(args, options) {
  const cli = process.env["npm_execpath"];
  const isNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli) && existsSync(cli);
  return isNpm ? command(process.execPath, [cli, ...args], options) : command("npm", args, options);
}

/** Step that installs packages into native/node_modules; the first names the step and holds its stamp. */
function packages(wanted) {
  const folders = wanted.map((entry) => path.join(native, "node_modules", entry.replace(/@[^@]*$/, "")));
  return {
    name: `npm package ${wanted[0]}`,
    stamp: path.join(folders[0], ".e2gmm-lab"),
    outputs: folders.map((folder) => path.join(folder, "package.json")),
    inputs: () => wanted.join(" "),
    run: async (say) => {
      mkdirSync(native, { recursive: true });
      const manifest = path.join(native, "package.json");
      if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
      // Install scripts would download the old library.
      await npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", ...wanted], {
        cwd: native,
        say,
        what: "npm install",
        advice: `Packages come from npm's registry as your npm is set up (proxy, certificates). ${retry}`,
      });
    },
  };
}

/** The folder of the `tensorflow` package in the project's Python environment, or undefined. */
function tensorflowFolder() {
  const lib = path.join(root, ".venv/lib");
  if (!existsSync(lib)) return undefined;
  for (const python of readdirSync(lib)) {
    const folder = path.join(lib, python, "site-packages/tensorflow");
    if (existsSync(path.join(folder, "libtensorflow_cc.so.2"))) return folder;
  }
  return undefined;
}

function wheel(gpu) {
  const cuda = `tensorflow with CUDA ${tensorflow}`;
  const stamp = path.join(root, ".venv/.e2gmm-lab-tensorflow");
  // The CUDA package also works on the CPU.
  const haveCuda = existsSync(stamp) && readFileSync(stamp, "utf8").startsWith(cuda);
  const wanted = gpu || haveCuda ? cuda : `tensorflow-cpu ${tensorflow}`;
  const lock = path.join(root, gpu || haveCuda ? locks.gpu : locks.cpu);
  const python = pythonProgram("python");
  return {
    name: `Python package ${wanted}`,
    stamp,
    get outputs() {
      return [tensorflowFolder() ?? path.join(root, ".venv/lib/tensorflow")];
    },
    inputs: () => `${wanted} ${hashFiles(root, [lock])}`,
    run: async (say) => {
      if (gpu || haveCuda) {
        // Both packages install into the same folder.
        await command(python, ["-m", "pip", "uninstall", "--yes", "tensorflow-cpu"], { say });
      }
      // tensorflow-cpu is needed only for its shared library and headers; the CUDA lock file lists all dependencies.
      const how = ["--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"];
      await command(python, ["-m", "pip", "install", ...how, "-r", lock], {
        say,
        what: "pip install",
        noise: /^Ignoring .* markers /,
        advice: `TensorFlow ${tensorflow} has wheels for Linux on x86-64 and ARM64 and CPython 3.10 to 3.13. ${retry}`,
      });
    },
  };
}

function link(target, at) {
  rmSync(at, { force: true });
  symlinkSync(path.relative(path.dirname(at), target), at);
}

/** Folders of the CUDA libraries in the nvidia-* wheels, for the addon's rpath. */
function cudaFolders(site) {
  const nvidia = path.join(site, "nvidia");
  if (!existsSync(nvidia)) return [];
  return readdirSync(nvidia)
    .map((name) => path.join(nvidia, name, "lib"))
    .filter((folder) => existsSync(folder));
}

function addon(name) {
  const folder = path.join(native, "node_modules/@tensorflow", name);
  const binding = path.join(folder, "binding");
  const output = path.join(folder, `lib/napi-v${napi}/tfjs_binding.node`);
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => path.join(binding, file));
  return {
    name: `addon of @tensorflow/${name}`,
    stamp: path.join(folder, "lib/.e2gmm-lab"),
    outputs: [output],
    inputs: () => `${hashFiles(folder, sources)} ${tensorflowFolder()} ${tensorflow}`,
    run: async (say) => {
      const compiler = process.env["CXX"] ?? "g++";
      if (spawnSync(compiler, ["--version"]).error) {
        throw new SetupError(`C++ compiler ${compiler} was not found`, {
          advice: `Debian and Ubuntu: sudo apt install g++. ${retry}`,
        });
      }
      const from = tensorflowFolder();
      const deps = path.join(folder, "deps/lib");
      mkdirSync(deps, { recursive: true });
      mkdirSync(path.dirname(output), { recursive: true });
      for (const [wanted, has] of [
        ["libtensorflow.so", "libtensorflow_cc.so.2"],
        ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
        ["libtensorflow_cc.so.2", "libtensorflow_cc.so.2"],
        ["libtensorflow_framework.so.2", "libtensorflow_framework.so.2"],
      ]) {
        link(path.join(from, has), path.join(deps, wanted));
      }
      link(path.join(from, "include"), path.join(folder, "deps/include"));
      const search = ["$ORIGIN/../../deps/lib", ...cudaFolders(path.dirname(from))];
      await command(
        compiler,
        [
          "-O2",
          "-std=c++17",
          "-shared",
          "-fPIC",
          `-DNAPI_VERSION=${napi}`,
          `-I${folder}`,
          `-I${path.join(folder, "deps/include")}`,
          `-I${path.join(native, "node_modules/node-api-headers/include")}`,
          ...sources,
          `-L${deps}`,
          "-ltensorflow",
          "-ltensorflow_framework",
          ...search.map((where) => `-Wl,-rpath,${where}`),
          "-o",
          `${output}.new`,
        ],
        { cwd: folder, say, what: `compiling the addon with ${compiler}` },
      );
      rmSync(output, { force: true });
      await command("mv", [`${output}.new`, output]);
    },
  };
}

/** Starts the backend in a separate process and prints its name, device and speed. */
async function check(backend) {
  const source = `
    const { measureMatmul, useBackend } = require(${JSON.stringify(backends)});
    useBackend(${JSON.stringify(backend)}).then(async ({ name, device }) =>
      console.log(name + ": " + device + ", " + Math.round(await measureMatmul()) + " GFLOPS in a matrix product"))
    .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
  const said = await command(process.execPath, ["-e", source], {
    env: { TF_CPP_MIN_LOG_LEVEL: "2" },
    what: `backend ${backend}`,
    advice: "Everything is installed, but the backend does not start; the lines above give the reason.",
  });
  console.log(said.trim().split("\n").at(-1));
}

const kinds = {
  cpu: {
    backend: "tensorflow",
    steps: () => [
      packages([`@tensorflow/tfjs-node@${tfjs}`, `node-api-headers@${headers}`]),
      wheel(false),
      addon("tfjs-node"),
    ],
  },
  gpu: {
    backend: "tensorflow-gpu",
    steps: () => [
      packages([`@tensorflow/tfjs-node-gpu@${tfjs}`, `node-api-headers@${headers}`]),
      wheel(true),
      addon("tfjs-node-gpu"),
    ],
  },
  webgpu: {
    backend: "webgpu",
    steps: () => [packages([`webgpu@${dawn}`, `@tensorflow/tfjs-backend-webgpu@${tfjs}`])],
  },
};

async function main(args) {
  const [name = "cpu", ...more] = args;
  const kind = kinds[name];
  if (kind === undefined || more.length > 0) {
    throw new SetupError(
      `${args.join(" ")}: expected no argument or one of ${Object.keys(kinds).join(", ")}`,
    );
  }
  if (process.platform !== "linux" && kind !== kinds.webgpu) {
    throw new SetupError("the addon is built on Linux only", {
      advice:
        "On other systems: npm install --no-save --ignore-scripts=false @tensorflow/tfjs-node; without it the wasm backend is used.",
    });
  }
  const progress = new Progress();
  let ran = 0;
  const built = existsSync(backends);
  const python = kind === kinds.webgpu ? undefined : "Python environment";
  const before = steps().filter(
    (step) => step.name === python || (!built && step.name !== "Python environment"),
  );
  for (const step of [...before, ...kind.steps()]) {
    if (await runStep(step, progress)) ran++;
  }
  if (ran === 0) console.log("Everything is up to date.");
  await check(kind.backend);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  main(process.argv.slice(2)).catch(exitWith);
