// The npm packages that the wheel carries: what the kernel depends on, as the lock file says, without what no run reads.
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

/** Dependencies that are not followed, since what they are for is not done here. */
const unused = {
  // The bundler of tslab's browser mode
  tslab: ["rollup", "@rollup/plugin-commonjs", "@rollup/plugin-node-resolve", "@rollup/plugin-replace"],
  // The command line of vega-lite
  "vega-lite": ["yargs"],
  // The compiler's side of the socket library, which comes compiled
  zeromq: ["node-addon-api"],
};

/** What no package needs to run or to be compiled against: source maps, sources, documentation, tests, hidden files. */
const idle = [
  /\.(map|tsbuildinfo|md|markdown|html|orig)$/,
  /(?<!\.d)\.[cm]?tsx?$/,
  /(^|\/)(tests?|__tests__|examples?|docs|coverage)\//,
  /(^|\/)\./,
];

/**
 * Parts of a package that are left out besides. Node requires the CommonJS build alone; declarations always stay, since
 * cells are checked against them.
 */
const parts = [
  // The editor's server, the other compiler, messages in other languages
  [/^@tslab\/typescript-for-tslab$/, /^lib\/(tsc\.|tsserver|typingsInstaller|[a-z]{2}(-[a-z]+)?\/)/],
  // Builds for browsers, one of them module by module
  [/^@tensorflow\/tfjs-/, /^dist\/(?!.*\.(node\.js|wasm|d\.ts)$)|^src\//],
  [/^vega$/, /^build(-es5)?\/(?!vega-node\.js$)/],
  [/^vega-lite$/, /^build\/(?!vega-lite\.js$|src\/.*\.d\.ts$)|^(bin|src)\//],
  [/^vega-/, /\.(min|module)\.js$|^src\/(?!.*\.d\.ts$)/],
  [/^cmake-ts$/, /^(?!build\/loader\.js$|package\.json$)/],
  [/^zeromq$/, /^(src|script)\/|^build\/.*\.node$|^vcpkg\.json$|^tsconfig\.json$/],
  [/^umap-js$/, /^lib\/umap-js\./],
  [/^pngjs$/, /^browser\.js$/],
];

/** Whether a file of a package goes into the wheel. @param {string} name of the package @param {string} file inside it, with slashes */
export function isBundled(name, file) {
  if (isLicenceFile(file)) return true;
  if (idle.some((pattern) => pattern.test(file))) return false;
  return !parts.some(([packages, files]) => packages.test(name) && files.test(file));
}

const nameOf = (place) => place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);

/**
 * Places in the lock file of all that a workspace needs to run. Optional packages are left out: tools' additions for
 * one system.
 * @param {Record<string, object>} locked `packages` of package-lock.json
 * @param {string} workspace folder of the workspace
 */
export function productionPlaces(locked, workspace) {
  const found = new Set();
  const follow = (place) => {
    const entry = locked[place];
    const optional = { ...entry.optionalDependencies, ...entry.peerDependenciesMeta };
    for (const name of Object.keys({ ...entry.dependencies, ...entry.peerDependencies })) {
      if (optional[name] !== undefined || unused[nameOf(place)]?.includes(name)) continue;
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

/** Files of one package, with slashes, without the packages inside it. */
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
 * zeromq brings a compiled addon for each system and for several ages of Node. All are Node-API, which stays as it is
 * from one Node to the next, and its loader takes the newest: that one is kept of each system that Node still supports.
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

/** The file that a package is given where it brings no licence text of its own. */
const ADDED = "LICENSE";

/** What the list of licences says of each package, and where the text is. */
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
 * Copies a workspace's own package and everything that it depends on, in the tree of the lock file. The own package lies beside
 * `node_modules`, as in the repository.
 * @param {object} options
 * @param {string} options.root      folder of package-lock.json, its packages installed
 * @param {string} options.workspace folder of the workspace, relative to root
 * @param {Record<string, string[]>} options.files files of the project's own packages by folder: the workspace and those that
 *   it depends on
 * @param {string} options.into      folder in which a folder of the package's name and `node_modules` are created
 * @returns {{ packages: number, systems: string[], credits: string[] }} packages of others that were copied, systems for
 *   which there is a compiled addon, and a paragraph of credits for each package
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
    // What lies inside the workspace lies inside its package there
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

/** Bytes and files below a folder. */
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
