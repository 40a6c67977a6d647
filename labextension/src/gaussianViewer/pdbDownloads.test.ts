import assert from "node:assert/strict";
import { test } from "vitest";
import { PdbDownloads } from "./pdbDownloads.js";

const answer = (id: string, part: number) => ({ kind: "answer" as const, id, name: "a.pdb", part, parts: 2 });
const bytes = (text: string) => [new DataView(new TextEncoder().encode(text).buffer)];

test("a file is put together from its parts, and answers to other views are ignored", async () => {
  const downloads = new PdbDownloads();
  downloads.begin("1");
  assert.equal(downloads.take(answer("other", 0), bytes("x")), undefined);
  assert.equal(downloads.take(answer("1", 0), bytes("MODEL")), undefined);
  const file = downloads.take(answer("1", 1), bytes(" 1\n"));
  assert.ok(typeof file === "object" && file.name === "a.pdb");
  assert.equal(await file.content.text(), "MODEL 1\n");
  assert.equal(downloads.take(answer("1", 1), bytes("more")), undefined);
});

test("where the kernel cannot make the file its message is returned", () => {
  const downloads = new PdbDownloads();
  downloads.begin("1");
  assert.equal(downloads.take({ kind: "problem", id: "1", text: "No path." }, []), "No path.");
});
