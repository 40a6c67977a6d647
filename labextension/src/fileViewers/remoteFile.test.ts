import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { type FileSource, formatBytes, openRemoteFile, readRange, wholeLimit } from "./remoteFile.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

function rangeOf(header: string): [number, number] {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(header)!;
  return [Number(from), Number(to) + 1];
}

/** A server that knows ranges, answering in pieces. */
const ranged: FileSource = {
  name: "a.mrc",
  size: async () => 1000,
  raw: async (header) => {
    const [from, to] = rangeOf(header);
    const part = bytes.slice(from, to);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < part.length; at += 99) controller.enqueue(part.slice(at, at + 99));
        controller.close();
      },
    });
    return new Response(body, { status: 206, headers: { "Content-Range": `bytes ${from}-${to - 1}/1000` } });
  },
  whole: () => assert.fail("the whole file was asked for"),
};

describe("bytes of a file on the server", () => {
  test("a range is requested and arrives whole; the first answer has the size of the file", async () => {
    const file = await openRemoteFile({ ...ranged, size: async () => undefined });
    assert.equal(file.size, 1000);
    assert.deepEqual(await readRange(file, 100, 700), bytes.slice(100, 700));
    assert.deepEqual(await readRange(file, 5, 5), new Uint8Array(0));
  });

  test("from a server without ranges only as much is read as is needed", async () => {
    let cancelled = 0;
    const raw = async () => {
      let at = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(bytes.slice(at, at + 100));
          at += 100;
          if (at >= bytes.length) controller.close();
        },
        cancel() {
          cancelled++;
        },
      });
      return new Response(body, { status: 200 });
    };
    const file = await openRemoteFile({ ...ranged, raw });
    assert.equal(file.size, 1000);
    assert.deepEqual(await readRange(file, 150, 420), bytes.slice(150, 420));
    assert.equal(cancelled, 2);
  });

  test("an empty file is empty", async () => {
    const file = await openRemoteFile({ ...ranged, raw: async () => new Response(null, { status: 416 }) });
    assert.equal(file.size, 0);
  });

  test("where the raw route refuses, the file is read as base64 with line breaks from the contents API", async () => {
    const lines = Buffer.from(bytes).toString("base64").replace(/.{76}/g, "$&\n");
    const source = {
      ...ranged,
      raw: async () => new Response(null, { status: 403 }),
      whole: async () => lines,
    };
    const file = await openRemoteFile(source);
    assert.equal(file.size, 1000);
    assert.deepEqual(await readRange(file, 10, 990), bytes.slice(10, 990));
  });

  test("a large file that the raw route refuses is rejected with the reason", async () => {
    const raw = async () => new Response(null, { status: 403, statusText: "Forbidden" });
    await assert.rejects(
      openRemoteFile({ ...ranged, size: async () => wholeLimit + 1, raw }),
      /^InputError: a\.mrc: expected a file that the server can send in parts .* found 134 MB, and the answer "403 Forbidden"/,
    );
  });

  test("an answer that ends early is an error, not a short file", async () => {
    const raw = async (header: string) =>
      header === "bytes=0-0" ? ranged.raw(header) : new Response(bytes.slice(0, 50), { status: 206 });
    const file = await openRemoteFile({ ...ranged, raw });
    await assert.rejects(readRange(file, 0, 100), /expected 100 bytes, found the end of the answer after 50/);
    const gone = await openRemoteFile({
      ...ranged,
      raw: async (header) =>
        header === "bytes=0-0"
          ? ranged.raw(header)
          : new Response(null, { status: 404, statusText: "Not Found" }),
    });
    await assert.rejects(readRange(gone, 0, 100), /found the server's answer "404 Not Found"/);
  });

  test("sizes are written in powers of ten", () => {
    assert.deepEqual([0, 999, 1000, 31_045_089, 2.5e9].map(formatBytes), [
      "0 bytes",
      "999 bytes",
      "1.00 kB",
      "31.0 MB",
      "2.50 GB",
    ]);
  });
});
