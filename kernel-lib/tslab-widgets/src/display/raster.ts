import { readFile } from "node:fs/promises";
import type { Resvg } from "@resvg/resvg-wasm";

/**
 * SVG to PNG, for pages that may not show SVG, such as notebooks that are not trusted. Rendered by resvg (MPL-2.0) in
 * WebAssembly: one file of 2.5 MB for all platforms, nothing to compile or download. System fonts are not used, so that a
 * picture is the same everywhere: text is set in Arimo, which has the metrics of Arial and Helvetica.
 */

interface Rasteriser {
  Resvg: typeof Resvg;
  fonts: Uint8Array[];
}

const fontFiles = ["400Regular/Arimo_400Regular.ttf", "600SemiBold/Arimo_600SemiBold.ttf"];
const fontFamily = "Arimo";

let loading: Promise<void> | undefined;
let loaded: Rasteriser | undefined;

/**
 * Loads what {@link rasterised} needs, in about a tenth of a second. Where that fails, {@link rasterised} returns undefined.
 * @example
 * ```ts
 * await loadRasteriser();
 * const png = rasterised('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>');
 * ```
 */
export function loadRasteriser(): Promise<void> {
  loading ??= load().then(
    (rasteriser) => {
      loaded = rasteriser;
    },
    () => {},
  );
  return loading;
}

async function load(): Promise<Rasteriser> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  await initWasm(await readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  const fonts = fontFiles.map((file) => readFile(require.resolve(`@expo-google-fonts/arimo/${file}`)));
  return { Resvg, fonts: await Promise.all(fonts) };
}

/**
 * An SVG document as PNG on white, one pixel per SVG unit.
 * @returns the file's bytes; undefined before {@link loadRasteriser} has resolved, and for text that is not SVG
 * @example
 * ```ts
 * await loadRasteriser();
 * const png = rasterised('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>');
 * ```
 */
export function rasterised(svg: string): Uint8Array | undefined {
  if (!loaded) return undefined;
  const { Resvg, fonts } = loaded;
  const font = { fontBuffers: fonts, defaultFontFamily: fontFamily, sansSerifFamily: fontFamily };
  try {
    const drawing = new Resvg(svg, { background: "#ffffff", font });
    try {
      const image = drawing.render();
      try {
        return image.asPng();
      } finally {
        image.free();
      }
    } finally {
      drawing.free();
    }
  } catch {
    return undefined;
  }
}

/**
 * An SVG document as PNG in base64; loads the rasteriser where needed.
 * @returns undefined for text that is not SVG
 * @example
 * ```ts
 * const png = await pngOf('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><circle r="9"/></svg>');
 * ```
 */
export async function pngOf(svg: string): Promise<string | undefined> {
  await loadRasteriser();
  const png = rasterised(svg);
  return png && Buffer.from(png).toString("base64");
}
