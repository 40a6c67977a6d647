import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { escapeMarkup } from "tslab-widgets/display";
import { pageGlobal, pageIds } from "./pageData";

const compress = promisify(gzip);

/**
 * What a page may do: run its own scripts and WebAssembly, and show pictures made in it. It can neither load nor send anything, so
 * that it works without a network and tells nobody that it was opened.
 */
const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'wasm-unsafe-eval'",
  "style-src 'unsafe-inline'",
  "img-src data: blob:",
  "media-src blob:",
  "worker-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Runs in the page: unpacks the program and what it shows. Browsers older than 2023 lack what it needs, and are told so. */
const loader = `(async () => {
  const root = document.getElementById("${pageIds.root}");
  try {
    const unpack = async (id) => {
      const element = document.getElementById(id);
      const text = atob(element.textContent.trim());
      element.remove();
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    };
    window.${pageGlobal} = await unpack("${pageIds.data}");
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(await unpack("${pageIds.program}"));
    document.head.append(script);
  } catch (error) {
    root.textContent = "This page needs a browser of 2023 or later: " + error.message;
  }
})();`;

const waiting = ":root{color-scheme:light dark}body{margin:0;font-family:system-ui,sans-serif}";

/** Parts of a page. */
export interface PageParts {
  title: string;
  /** JavaScript. */
  program: Uint8Array;
  /** Packed `PageData`. */
  data: Uint8Array;
}

/** An HTML file that needs nothing beside itself. */
export async function pageHtml({ title, program, data }: PageParts): Promise<string> {
  const packed = async (bytes: Uint8Array) => Buffer.from(await compress(bytes)).toString("base64");
  const block = (id: string, text: string) => `<script type="text/plain" id="${id}">${text}</script>`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="generator" content="e2gmm-lab">',
    `<title>${escapeMarkup(title)}</title>`,
    `<style>${waiting}</style>`,
    "</head>",
    "<body>",
    `<main id="${pageIds.root}"><p>Unpacking…</p><noscript>This page needs JavaScript, which runs only in it: it loads and sends nothing.</noscript></main>`,
    block(pageIds.data, await packed(data)),
    block(pageIds.program, await packed(program)),
    `<script>${loader}</script>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
