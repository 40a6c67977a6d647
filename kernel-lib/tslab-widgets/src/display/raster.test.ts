import assert from "node:assert/strict";
import { PNG } from "pngjs";
import { test } from "vitest";
import { pngOf, rasterised } from "./raster";

const svg = (inside: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40" viewBox="0 0 120 40" font-family="Helvetica, Arial">${inside}</svg>`;
/** Pixels of an image that are darker than grey. */
async function dark(inside: string): Promise<{ size: number[]; count: number }> {
  const { width, height, data } = PNG.sync.read(Buffer.from((await pngOf(svg(inside)))!, "base64"));
  let count = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i]! < 128) count++;
  return { size: [width, height], count };
}

test("an SVG becomes a PNG of the same size on white, with text and images", async () => {
  assert.deepEqual(await dark(""), { size: [120, 40], count: 0 });
  const words = await dark('<text x="4" y="24" font-size="14">Å, σ, particles</text>');
  assert.ok(words.count > 100 && words.count < 1000, `${words.count} pixels`);
  const bold = await dark('<text x="4" y="24" font-size="14" font-weight="600">Å, σ, particles</text>');
  assert.ok(bold.count > words.count);
  const black = PNG.sync.write(
    Object.assign(new PNG({ width: 2, height: 2 }), { data: Buffer.alloc(16).fill("000000ff", "hex") }),
  );
  const href = `data:image/png;base64,${black.toString("base64")}`;
  assert.equal((await dark(`<image width="10" height="10" href="${href}"/>`)).count, 100);
});

test("text that is not SVG has no PNG, and does not affect later calls", async () => {
  assert.equal(await pngOf("<svg"), undefined);
  assert.ok(rasterised(svg("")));
});
