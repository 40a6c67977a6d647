import type { ViewerInput, ViewerSettings } from "./fileModel.js";

/** A file on a server that knows ranges, and the settings of a viewer. */
export function inputOf(
  name: string,
  content: Uint8Array | string,
  settings: Partial<ViewerSettings> = {},
): ViewerInput & { requests: string[] } {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const requests: string[] = [];
  return {
    requests,
    settings: {
      mapMegabytes: 1,
      mapEdge: 64,
      mapLevel: 3,
      mapColour: "#7d9cba",
      starMegabytes: 1,
      ...settings,
    },
    source: () => ({
      name,
      size: async () => bytes.length,
      whole: async () => Buffer.from(bytes).toString("base64"),
      raw: async (range) => {
        requests.push(range);
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range)!;
        const headers = { "Content-Range": `bytes ${from}-${to}/${bytes.length}` };
        return new Response(bytes.slice(Number(from), Number(to) + 1), { status: 206, headers });
      },
    }),
  };
}

/** Resolves when a condition holds, which must be within two seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 400) throw new Error("the condition did not become true");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
