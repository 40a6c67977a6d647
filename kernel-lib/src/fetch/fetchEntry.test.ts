import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { fetchEntry } from "./fetchEntry";

const stack = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const star = Buffer.from("data_\n");
const sum = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");

/** A server with ranges and lists of folders, as EMPIAR's. */
class Server {
  readonly files = new Map<string, Buffer>([
    ["/10180/data/Example/consensus_data.star", star],
    ["/10180/data/a stack.mrcs", stack],
    [
      "/10180/data/md5sums.txt",
      Buffer.from(`${sum(stack)}  a stack.mrcs\n${sum(star)} *Example/consensus_data.star\n`),
    ],
  ]);
  /** Requests that were answered. */
  readonly requests: string[] = [];
  /** Connections that break off after so many bytes. */
  breaks: number[] = [];
  tag = '"one"';
  /** Whether answers are compressed for those who accept that. */
  compresses = false;
  /** Where requests that begin here are sent to. */
  elsewhere = "";
  private readonly server = createServer((request, answer) => this.answer(request, answer));

  async start(t: TestContext, host = "127.0.0.1"): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, host, resolve));
    t.onTestFinished(async () => {
      this.server.closeAllConnections();
      await new Promise((resolve) => this.server.close(resolve));
    });
    return `http://${host}:${(this.server.address() as AddressInfo).port}/`;
  }

  private answer({ url = "", method = "", headers }: IncomingMessage, answer: ServerResponse): void {
    const name = decodeURIComponent(url);
    if (this.elsewhere !== "") {
      answer.writeHead(302, { Location: new URL(url, this.elsewhere).href }).end();
      return;
    }
    this.requests.push(`${method} ${name}${headers.range ? ` ${headers.range}` : ""}`);
    if (name.endsWith("/")) {
      const inside = [...this.files.keys()]
        .filter((file) => file.startsWith(name))
        .map((file) => file.slice(name.length));
      const links = new Set(
        inside.map((file) => encodeURIComponent(file.split("/")[0]!) + (file.includes("/") ? "/" : "")),
      );
      const strange = [
        'href="../"',
        'href="/etc/passwd"',
        'href="..%2f..%2fx"',
        'href="?C=N"',
        'href="https://else.where/a"',
      ];
      const page = [...strange, ...[...links].map((link) => `href="${link}"`)].map(
        (href) => `<a ${href}>x</a>`,
      );
      answer.end(`<html>${page.join("\n")}</html>`);
      return;
    }
    const bytes = this.files.get(name);
    if (!bytes) {
      answer.writeHead(404).end();
      return;
    }
    const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? "") ?? [];
    const at = from !== undefined && headers["if-range"] === this.tag ? Number(from) : 0;
    const range = at > 0 ? { "Content-Range": `bytes ${at}-${bytes.length - 1}/${bytes.length}` } : {};
    if (this.compresses && /gzip/.test(String(headers["accept-encoding"]))) {
      answer.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": bytes.length + 20 }).end();
      return;
    }
    answer.writeHead(at > 0 ? 206 : 200, { ETag: this.tag, "Content-Length": bytes.length - at, ...range });
    if (method === "HEAD") {
      answer.end();
      return;
    }
    const broken = bytes.length > 1000 ? this.breaks.shift() : undefined;
    if (broken === undefined) answer.end(bytes.subarray(at));
    else answer.write(bytes.subarray(at, at + broken), () => setTimeout(() => answer.destroy(), 20));
  }
}

test("an entry is fetched with its folders, broken connections are taken up again, and checksums are compared", async (t) => {
  const server = new Server();
  const address = await server.start(t);
  const out = path.join(temporaryFolder(t), "entry");
  server.breaks = [100_000, 50_000];
  const { files, next } = await fetchEntry("EMPIAR-10180", { out, address });
  assert.deepEqual(readFileSync(path.join(out, "data/a stack.mrcs")), stack);
  assert.deepEqual(readFileSync(path.join(out, "data/Example/consensus_data.star")), star);
  assert.deepEqual(readdirSync(out), ["data"]);
  assert.deepEqual(readdirSync(path.join(out, "data")).sort(), ["Example", "a stack.mrcs", "md5sums.txt"]);
  assert.deepEqual(
    files.filter(({ checked }) => checked).map(({ path: name }) => name),
    ["data/Example/consensus_data.star", "data/a stack.mrcs"],
  );
  const ranges = server.requests.filter((line) => /GET .*mrcs bytes=/.test(line));
  assert.equal(ranges.length, 2);
  assert.ok(next.some((sentence) => sentence.includes("large-motions.ipynb")));

  server.requests.length = 0;
  const again = await fetchEntry("10180", { out, address });
  assert.ok(again.files.every(({ fetched }) => !fetched));
  assert.ok(!server.requests.some((line) => /GET .*(mrcs|\.star)/.test(line)));
});

test("what was stopped is continued; of a file that has changed meanwhile everything comes anew", async (t) => {
  const server = new Server();
  const address = await server.start(t);
  const out = path.join(temporaryFolder(t), "entry");
  const paths = ["data/a stack.mrcs"];
  const stopped = () => {
    server.breaks = [100_000];
    const controller = new AbortController();
    const onProgress = ({ task, done }: { task: string; done: number }) => {
      if (/fetching/.test(task) && done >= 100_000) controller.abort(new Error("enough"));
    };
    return assert.rejects(
      fetchEntry("10180", { out, address, paths, onProgress, signal: controller.signal }),
    );
  };
  await stopped();
  assert.ok(!existsSync(path.join(out, "data/a stack.mrcs")));
  await fetchEntry("10180", { out, address, paths });
  assert.ok(server.requests.some((line) => /GET .*mrcs bytes=[1-9]/.test(line)));
  assert.deepEqual(readFileSync(path.join(out, "data/a stack.mrcs")), stack);

  const other = path.join(temporaryFolder(t), "other");
  const to = { out: other, address, paths };
  server.breaks = [100_000];
  const controller = new AbortController();
  await assert.rejects(
    fetchEntry("10180", {
      ...to,
      signal: controller.signal,
      onProgress: ({ done }) => done >= 100_000 && controller.abort(new Error("enough")),
    }),
  );
  const changed = Buffer.from(stack.map((byte) => 255 - byte));
  server.files.set("/10180/data/a stack.mrcs", changed);
  server.tag = '"two"';
  await fetchEntry("10180", to);
  assert.deepEqual(readFileSync(path.join(other, "data/a stack.mrcs")), changed);
});

test("what cannot be fetched is refused in words", async (t) => {
  const server = new Server();
  const address = await server.start(t);
  const out = path.join(temporaryFolder(t), "entry");
  server.files.set("/10180/data/md5sums.txt", Buffer.from(`${"0".repeat(32)}  a stack.mrcs\n`));
  await assert.rejects(
    fetchEntry("10180", { out, address }),
    /expected the md5 checksum 0+, .*; the file was removed/,
  );
  assert.ok(!existsSync(path.join(out, "data/a stack.mrcs")));
  await assert.rejects(
    fetchEntry("10999", { out, address, paths: ["data/x"] }),
    /10999\/data\/x: .* the answer 404/,
  );
  await assert.rejects(fetchEntry("10180", { out, address, paths: ["../x"] }), /paths: expected paths below/);
  await assert.rejects(fetchEntry("ten", { out, address }), /entry: expected an entry of EMPIAR/);
  await assert.rejects(
    fetchEntry("10180", { out, address: "http://far.example/" }),
    /that begins with https/,
  );
  const nobody = fetchEntry("10180", { out, address: "http://127.0.0.1:9/" });
  await assert.rejects(
    nobody,
    /expected an answer of the server, found none .* run the same command where there is one/,
  );
});

test("a file of another size is left as it is", async (t) => {
  const server = new Server();
  const address = await server.start(t);
  const out = path.join(temporaryFolder(t), "entry");
  await fetchEntry("10180", { out, address });
  const file = path.join(out, "data/Example/consensus_data.star");
  writeFileSync(file, "data_ of the user\n");
  await assert.rejects(
    fetchEntry("10180", { out, address }),
    /consensus_data\.star: expected no file, or the 6 bytes .*, found 18; move it away/,
  );
  assert.equal(readFileSync(file, "utf8"), "data_ of the user\n");
});

test("the size of a file is that without compression, and a redirection to an address without HTTPS is refused", async (t) => {
  const server = new Server();
  const address = await server.start(t);
  server.compresses = true;
  const out = path.join(temporaryFolder(t), "entry");
  const paths = ["data/Example/consensus_data.star"];
  await fetchEntry("10180", { out, address, paths });
  assert.deepEqual(readFileSync(path.join(out, paths[0]!)), star);
  server.elsewhere = await new Server().start(t, "127.0.0.2");
  await assert.rejects(
    fetchEntry("10180", { out: `${out}2`, address, paths }),
    /expected an address that begins with https:\/\/, found http:\/\/127\.0\.0\.2/,
  );
});

test("what does not fit on the drive is not begun", async (t) => {
  const server = new Server();
  const address = await server.start(t);
  const out = path.join(temporaryFolder(t), "entry");
  const huge = Object.assign(Buffer.alloc(0), {});
  Object.defineProperty(huge, "length", { value: 2 ** 52 });
  server.files.set("/10180/data/a stack.mrcs", huge);
  writeFileSync(`${out}.txt`, "");
  await assert.rejects(
    fetchEntry("10180", { out, address, paths: ["data/a stack.mrcs"] }),
    /entry: expected 4503599\.6 GB of free space, found/,
  );
  assert.ok(!server.requests.some((line) => line.startsWith("GET")));
});
