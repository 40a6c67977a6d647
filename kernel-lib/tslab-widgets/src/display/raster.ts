import { readFile } from "node:fs/promises";
import type { Resvg } from "@resvg/resvg-wasm";

/**
 * SVG as PNG, for pages that may not show SVG, such as notebooks that are not trusted. By resvg (MPL-2.0), in WebAssembly: one
 * file of 2.5 MB for all platforms, without anything that is compiled or downloaded. It sees no fonts of the system, so that a
 * picture is the same everywhere: text is set in Arimo, which has the widths of Arial and Helvetica.
 */

interface Rasteriser {
  Resvg: typeof Resvg;
  fonts: Uint8Array[];
}

const FONT_FILES = ["400Regular/Arimo_400Regular.ttf", "600SemiBold/Arimo_600SemiBold.ttf"];
const FONT = "Arimo";

let loading: Promise<void> | undefined;
let loaded: Rasteriser | undefined;

/** Makes {@link rasterised} ready, in about a tenth of a second. Where that fails there are no PNGs, and nothing else is lost. */
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
  const fonts = FONT_FILES.map((file) => readFile(require.resolve(`@expo-google-fonts/arimo/${file}`)));
  return { Resvg, fonts: await Promise.all(fonts) };
}

/** A PNG of an SVG document on white, a pixel for each of its units; undefined before the rasteriser is there, and for what is no SVG. */
export function rasterised(svg: string): Uint8Array | undefined {
  if (!loaded) return undefined;
  const { Resvg, fonts } = loaded;
  const font = { fontBuffers: fonts, defaultFontFamily: FONT, sansSerifFamily: FONT };
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

/** As {@link rasterised}, once the rasteriser is there, in base64. */
export async function pngOf(svg: string): Promise<string | undefined> {
  await loadRasteriser();
  const png = rasterised(svg);
  return png && Buffer.from(png).toString("base64");
}
