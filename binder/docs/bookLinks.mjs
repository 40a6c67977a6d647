// Checks the pages of the built book without a network: internal links have targets, external URLs are well formed, and no
// page loads external scripts, styles, fonts or pictures, so that the book works offline.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { filesBelow } from "../steps.mjs";

const decode = (text) =>
  text
    .replace(/&amp;/g, "&")
    .replace(/&quot;/g, '"')
    .replace(/&#x27;|&#39;/g, "'")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">");

/** Attributes of the tags in a page, ignoring scripts and comments. */
function* attributes(text) {
  const tags = text.replace(/<!--[\s\S]*?-->/g, "").replace(/(<script\b[^>]*>)[\s\S]*?<\/script>/gi, "$1");
  for (const [, tag, inner] of tags.matchAll(
    /<([a-zA-Z][\w-]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?)*)\s*\/?>/g,
  )) {
    for (const [, name, a, b, c] of inner.matchAll(/([^\s=>/]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/g)) {
      yield { tag: tag.toLowerCase(), name: name.toLowerCase(), value: decode(a ?? b ?? c ?? "") };
    }
  }
}

const isElsewhere = (value) => /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(value);

/** Whether the attribute is a link to follow; all others are loaded with the page. */
const isFollowed = (tag, name) => name === "href" && (tag === "a" || tag === "area");

function elsewhereProblem(value) {
  try {
    const { protocol, hostname } = new URL(value.startsWith("//") ? `https:${value}` : value);
    return /^https?:$/.test(protocol) && hostname.includes(".") ? undefined : "not a web address";
  } catch {
    return "not a well-formed address";
  }
}

/** @param {string} folder of the built HTML pages @returns {string[]} problems with their pages */
export function bookProblems(folder) {
  const pages = filesBelow(folder).filter((file) => file.endsWith(".html"));
  const read = new Map();
  const contents = (file) => {
    if (!read.has(file)) {
      const all = [...attributes(readFileSync(file, "utf8"))];
      const anchors = new Set(
        all.filter(({ name }) => name === "id" || name === "name").map(({ value }) => value),
      );
      read.set(file, { all, anchors });
    }
    return read.get(file);
  };
  const insideProblem = (page, value) => {
    const [place, anchor] = value.split("#");
    let target =
      place === "" ? page : path.resolve(path.dirname(page), decodeURIComponent(place.split("?")[0]));
    if (!existsSync(target)) return "leads nowhere";
    if (statSync(target).isDirectory()) target = path.join(target, "index.html");
    if (!anchor || !target.endsWith(".html")) return undefined;
    return contents(target).anchors.has(decodeURIComponent(anchor))
      ? undefined
      : "has no such place on its page";
  };
  const problems = [];
  for (const page of pages) {
    const name = path.relative(folder, page);
    for (const { tag, name: attribute, value } of contents(page).all) {
      const say = (what) =>
        what && problems.push(`${name}: ${value.slice(0, 120)} in <${tag} ${attribute}>: ${what}`);
      if (!["href", "src", "srcset", "poster", "data", "action", "xlink:href"].includes(attribute)) continue;
      if (tag === "object" || attribute !== "data") {
        if (/^(data|mailto|javascript):/i.test(value) || value === "") continue;
        if (isElsewhere(value)) {
          say(isFollowed(tag, attribute) ? elsewhereProblem(value) : "is loaded from elsewhere");
        } else say(insideProblem(page, value));
      }
    }
  }
  const styles = filesBelow(folder).filter((file) => /\.css$/.test(file));
  for (const file of styles) {
    for (const [, value] of readFileSync(file, "utf8").matchAll(/(?:url\(|@import\s+)["']?([^"')\s]+)/g)) {
      if (isElsewhere(value))
        problems.push(`${path.relative(folder, file)}: ${value}: is loaded from elsewhere`);
    }
  }
  return [...new Set(problems)];
}
