// Finds the licence text of every npm package shipped in the wheel or the extension's bundle. Many packages name their
// licence but do not include its text, although these licences require it to be distributed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const file = /^(licen[cs]e|notice|copying|copyright|authors|unlicense)([._-].*)?$/i;

/** Whether a path in a package is a licence or notice file. */
export const isLicenceFile = (name) => file.test(path.posix.basename(name));

const permission = /Permission is hereby granted|Redistribution and use in source and binary forms/;

/** Standard texts by SPDX identifier, for packages that give only the identifier and an author. */
const standard = {
  MIT: (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`,
  "BSD-3-Clause": (holder) => `BSD 3-Clause License

Copyright (c) ${holder}
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the documentation and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`,
};

/** First lines of texts that name no copyright holder, so that one package's copy can be used for all. */
const common = {
  "Apache-2.0": /^\s*Apache License\s+Version 2\.0, January 2004/,
  "MPL-2.0": /^\s*Mozilla Public License,? version 2\.0/i,
};

const readManifest = (folder) => JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));

/** The licence's identifier; older manifests have an object or a list. */
export const licenceOf = ({ license, licenses }) => license?.type ?? license ?? licenses?.[0]?.type;

const sourceOf = ({ repository }) =>
  (typeof repository === "string" ? repository : repository?.url)
    ?.replace(/^(git\+)?(https?|ssh|git):\/\/(git@)?|^git@|\.git$|^github:/g, "")
    .replace(/^[\w.]+\.com[/:]/, "");

const nameOf = (person) => (typeof person === "string" ? person : person?.name)?.replace(/\s*[<(].*$/, "");

/** Texts of a package's licence files. */
function ownTexts(folder) {
  return readdirSync(folder)
    .filter(isLicenceFile)
    .sort()
    .map((name) => readFileSync(path.join(folder, name), "utf8"));
}

/** A package's licence texts joined into one, or undefined. */
function ownText(folder) {
  return ownTexts(folder).join("\n\n") || undefined;
}

/** The licence in a README, from its copyright line to the next heading; undefined if there is none. */
export function licenceInReadme(text) {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => permission.test(line));
  if (at < 0) return undefined;
  let from = at;
  for (let i = at; i >= Math.max(0, at - 12); i--) if (/copyright/i.test(lines[i])) from = i;
  let to = at;
  while (to < lines.length && !/^#/.test(lines[to]) && !/^(-{3,}|={3,})\s*$/.test(lines[to + 1] ?? "")) to++;
  const found = lines.slice(from, to).join("\n").replaceAll("&lt;", "<").replaceAll("&gt;", ">").trim();
  return /copyright/i.test(found) ? `${found}\n` : undefined;
}

function readmeText(folder) {
  const readme = readdirSync(folder).find((name) => /^readme(\.|$)/i.test(name));
  return readme && licenceInReadme(readFileSync(path.join(folder, readme), "utf8"));
}

/**
 * The licence texts of packages.
 * @param {string[]} folders all installed packages, searched for texts from the same repository
 */
export class Licences {
  #folders;
  #bySource;
  /** Texts that name no holder, by identifier. */
  #common = new Map();

  constructor(folders) {
    this.#folders = folders;
  }

  /** Packages with a text, by repository, and the texts that name no holder. */
  #index() {
    if (this.#bySource) return;
    this.#bySource = new Map();
    for (const folder of this.#folders) {
      if (!existsSync(path.join(folder, "package.json"))) continue;
      const manifest = readManifest(folder);
      const text = ownText(folder);
      if (!text) continue;
      const key = `${sourceOf(manifest)} ${licenceOf(manifest)}`;
      if (sourceOf(manifest) && !this.#bySource.has(key))
        this.#bySource.set(key, { text, name: manifest.name });
      for (const [id, beginning] of Object.entries(common)) {
        const found = ownTexts(folder).find((own) => own.length > 5000 && beginning.test(own));
        if (found && !this.#common.has(id)) this.#common.set(id, found);
      }
    }
  }

  /**
   * @param {string} folder of the package
   * @param {string} [known] licence identifier to use if the manifest has none
   * @returns {{ text: string, origin: string | undefined }} the text, and its origin unless it is the package's own file
   * @throws Error if neither a text nor a standard licence with an author is found
   */
  of(folder, known) {
    const own = ownText(folder);
    if (own) return { text: own, origin: undefined };
    const manifest = readManifest(folder);
    const license = licenceOf(manifest) ?? known;
    const inReadme = readmeText(folder);
    if (inReadme) return { text: inReadme, origin: "from its README" };
    this.#index();
    const same = this.#bySource.get(`${sourceOf(manifest)} ${license}`);
    if (same) return { text: same.text, origin: `that of ${same.name}, of the same repository` };
    const shared = this.#common.get(license);
    if (shared) return { text: shared, origin: "the standard text" };
    const people = [manifest.author, ...(manifest.contributors ?? [])].map(nameOf).filter(Boolean);
    if (!standard[license] || people.length === 0) {
      throw new Error(`${folder}: no licence text, and none can be made from its manifest (${license})`);
    }
    return {
      text: standard[license](people[0] === nameOf(manifest.author) ? people[0] : people.join(", ")),
      origin: "the standard text, with the author of its manifest",
    };
  }
}

/** Folders of all packages of a lock file. */
export function packageFolders(root) {
  const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
  return Object.keys(packages)
    .filter((place) => place.includes("node_modules/"))
    .map((place) => path.join(root, place));
}

/**
 * Adds the missing licence texts to the bundler's report.
 * @param {string} root   folder of package-lock.json
 * @param {{ packages: { name: string, versionInfo: string, licenseId: string, extractedText: string }[] }} report
 * @returns the report, each package with its text
 */
export function completeReport(root, report) {
  const { packages: locked } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
  const licences = new Licences(packageFolders(root));
  const placeOf = ({ name, versionInfo }) =>
    Object.keys(locked).find(
      (place) =>
        place.endsWith(`node_modules/${name}`) && (locked[place].version ?? versionInfo) === versionInfo,
    );
  const packages = report.packages.map((entry) => {
    if (entry.extractedText?.trim()) return entry;
    const place = placeOf(entry);
    if (!place) throw new Error(`bundled package ${entry.name} ${entry.versionInfo} is not locked`);
    if (locked[place].link)
      return { ...entry, extractedText: readFileSync(path.join(root, "LICENSE"), "utf8") };
    const { text } = licences.of(path.join(root, place), entry.licenseId || undefined);
    return {
      ...entry,
      licenseId: licenceOf(readManifest(path.join(root, place))) ?? entry.licenseId,
      extractedText: text,
    };
  });
  return { ...report, packages };
}
