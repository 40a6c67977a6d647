// Selects and copies the npm packages for the wheel: the kernel's locked dependencies, without files not needed at run time.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { isLicenceFile, Licences, licenceOf, packageFolders } from "./licences.mjs";

/** Dependencies to leave out, because their feature is not used. */
const unused = {
  // The bundler of tslab's browser mode
  tslab: ["rollup", "@rollup/plugin-commonjs", "@rollup/plugin-node-resolve", "@rollup/plugin-replace"],
  // The command line of vega-lite
  "vega-lite": ["yargs"],
  // Headers to compile the socket library, which comes prebuilt
  zeromq: ["node-addon-api"],
  // Its build scripts, and types that tfjs-core brings
  webgpu: ["debug", "@webgpu/types"],
};

/** Optional dependencies that the wheel brings nevertheless: GPUs work without anything else to install. */
const brought = ["webgpu"];

/** Files that are never needed to run or to type-check: source maps, sources, documentation, tests, hidden files. */
const idle = [
  /\.(map|tsbuildinfo|md|markdown|html|orig)$/,
  /(?<!\.d)\.[cm]?tsx?$/,
  /(^|\/)(tests?|__tests__|examples?|docs|coverage)\//,
  /(^|\/)\./,
];

/**
 * Additional files to leave out, by package. Node needs only the CommonJS build; declarations always stay, since cells
 * are type-checked against them.
 */
const parts = [
  // Language server, command-line compiler, translated messages
  [/^@tslab\/typescript-for-tslab$/, /^lib\/(tsc\.|tsserver|typingsInstaller|[a-z]{2}(-[a-z]+)?\/)/],
  // Builds for browsers
  [/^@tensorflow\/tfjs-/, /^dist\/(?!.*\.(node\.js|wasm|d\.ts)$)|^src\//],
  [/^vega$/, /^build(-es5)?\/(?!vega-node\.js$)/],
  [/^vega-lite$/, /^build\/(?!vega-lite\.js$|src\/.*\.d\.ts$)|^(bin|src)\//],
  [/^vega-/, /\.(min|module)\.js$|^src\/(?!.*\.d\.ts$)/],
  [/^cmake-ts$/, /^(?!build\/loader\.js$|package\.json$)/],
  [/^zeromq$/, /^(src|script)\/|^build\/.*\.node$|^vcpkg\.json$|^tsconfig\.json$/],
  [/^umap-js$/, /^lib\/umap-js\./],
  [/^pngjs$/, /^browser\.js$/],
  // Windows, whose Dawn is twice as large, is untested
  [/^webgpu$/, /^build\/|^dist\/win32|^types\.d\.ts$/],
];

/** Whether a file goes into the wheel. @param {string} name of the package @param {string} file path in the package, with slashes */
export function isBundled(name, file) {
  if (isLicenceFile(file)) return true;
  if (idle.some((pattern) => pattern.test(file))) return false;
  return !parts.some(([packages, files]) => packages.test(name) && files.test(file));
}

const nameOf = (place) => place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);

/**
 * Lock file keys of all packages that a workspace needs to run. Optional packages, which are platform-specific additions
 * of tools, are left out, but for those of the workspace that are brought nevertheless.
 * @param {Record<string, object>} locked `packages` of package-lock.json
 * @param {string} workspace folder of the workspace
 */
export function productionPlaces(locked, workspace) {
  const found = new Set();
  const follow = (place) => {
    const entry = locked[place];
    const optional = { ...entry.optionalDependencies, ...entry.peerDependenciesMeta };
    const wanted = place === workspace ? brought.filter((name) => optional[name] !== undefined) : [];
    for (const name of [...Object.keys({ ...entry.dependencies, ...entry.peerDependencies }), ...wanted]) {
      if ((optional[name] !== undefined && !wanted.includes(name)) || unused[nameOf(place)]?.includes(name))
        continue;
      let folder = place;
      while (folder !== "" && locked[`${folder}/node_modules/${name}`] === undefined) {
        folder = folder.replace(/(^|\/)[^/]*$/, "");
      }
      const dependency = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      if (locked[dependency] === undefined) throw new Error(`${name}, which ${place} needs, is not locked`);
      if (found.has(dependency)) continue;
      found.add(dependency);
      const { link, resolved } = locked[dependency];
      follow(link ? resolved : dependency);
    }
  };
  follow(workspace);
  return [...found].sort();
}

/** Files of one package, with slashes, without nested packages. */
function filesOf(folder, below = "") {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(below, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(folder, file);
    return entry.isFile() ? [file] : [];
  });
}

function copyFiles(files, from, to) {
  for (const file of files) {
    mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
    copyFileSync(path.join(from, file), path.join(to, file));
  }
}

/**
 * zeromq has a prebuilt addon for each system and several Node-API versions. Node-API is stable across Node versions and
 * the loader takes the newest, so only the newest is kept for each system that Node still supports.
 */
function copyAddons(from, to) {
  const newest = new Map();
  for (const [key, file] of Object.entries(
    JSON.parse(readFileSync(path.join(from, "manifest.json"), "utf8")),
  )) {
    const { os, arch, libc, abi } = JSON.parse(key);
    const system = `${os} ${arch} ${libc}`;
    if (arch !== "ia32" && (newest.get(system)?.abi ?? 0) < abi) newest.set(system, { key, file, abi });
  }
  const kept = [...newest.values()];
  copyFiles(
    kept.map(({ file }) => file.replaceAll("\\", "/")),
    from,
    to,
  );
  const manifest = Object.fromEntries(kept.map(({ key, file }) => [key, file]));
  writeFileSync(path.join(to, "manifest.json"), JSON.stringify(manifest));
  return [...newest.keys()].sort();
}

/** File name for the licence text of a package that has none. */
const ADDED = "LICENSE";

/** One paragraph per package for the list of licences, with the path of the text. */
function creditsOf(packages) {
  return packages.map(({ target, from, kept, origin }) => {
    const manifest = JSON.parse(readFileSync(path.join(from, "package.json"), "utf8"));
    const { name, version, repository } = manifest;
    const texts = kept.filter(isLicenceFile).map((file) => path.posix.join(target, file));
    const source = typeof repository === "string" ? repository : repository?.url;
    return [
      `${name} ${version}: ${licenceOf(manifest)}`,
      `  ${texts.join(", ") || `${path.posix.join(target, ADDED)} (${origin})`}`,
      ...(source ? [`  ${source}`] : []),
    ].join("\n");
  });
}

/**
 * Copies a workspace's package and all its dependencies in the layout of the lock file. The package lies beside
 * `node_modules`, as in the repository.
 * @param {object} options
 * @param {string} options.root      folder of package-lock.json, its packages installed
 * @param {string} options.workspace folder of the workspace, relative to root
 * @param {Record<string, string[]>} options.files files of the project's own packages (the workspace and those it depends
 *   on), by folder
 * @param {string} options.into      folder in which a folder of the package's name and `node_modules` are created
 * @returns {{ packages: number, systems: string[], credits: string[] }} number of third-party packages copied, systems
 *   with a prebuilt addon, and a paragraph of credits for each package
 */
export function copyPackages({ root, workspace, files, into }) {
  const locked = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const { name } = JSON.parse(readFileSync(path.join(root, workspace, "package.json"), "utf8"));
  const own = files[workspace].filter((file) => isBundled(name, file));
  copyFiles(own, path.join(root, workspace), path.join(into, name));
  let systems = [];
  const licences = new Licences(packageFolders(root));
  const packages = productionPlaces(locked, workspace).map((place) => {
    const from = path.join(root, place);
    if (!existsSync(from)) throw new Error(`${place} is not installed: npm ci`);
    // node_modules of the workspace move into its package
    const target = place.startsWith(`${workspace}/`) ? name + place.slice(workspace.length) : place;
    const { link, resolved } = locked[place];
    const all = link ? files[resolved] : filesOf(from);
    const kept = all.filter((file) => isBundled(nameOf(place), file));
    copyFiles(kept, from, path.join(into, target));
    const { text, origin } = licences.of(from);
    if (!kept.some(isLicenceFile)) writeFileSync(path.join(into, target, ADDED), text);
    if (nameOf(place) === "zeromq") {
      systems = copyAddons(path.join(from, "build"), path.join(into, target, "build"));
    }
    return { from, target, kept, origin, own: link === true };
  });
  const ofOthers = packages.filter((each) => !each.own);
  return { packages: ofOthers.length, systems, credits: creditsOf(ofOthers) };
}

/** Number of bytes and files below a folder. */
export function measure(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      ({ bytes, files }, entry) => ({
        bytes: bytes + statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size,
        files: files + 1,
      }),
      { bytes: 0, files: 0 },
    );
}
