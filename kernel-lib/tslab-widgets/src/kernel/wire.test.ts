import assert from "node:assert/strict";
import { test } from "vitest";
import { SeenSignatures } from "./replays";
import { decodeMessage, encodeMessage, Signer, WireError } from "./wire";

const signer = new Signer("key");
const outgoing = {
  identities: [new Uint8Array([1, 2])],
  type: "status",
  parent: "{}",
  metadata: "{}",
  content: '{"a":"ä🧬"}',
  buffers: [new Uint8Array([9])],
};
const frames = () => encodeMessage(outgoing, "s", signer).map((frame) => Buffer.from(frame as Uint8Array));

test("a message is decoded as it was encoded: identities, content and buffers", () => {
  const message = decodeMessage(frames(), { signer });
  assert.deepEqual([...message.identities[0]!], [1, 2]);
  assert.deepEqual(message.content, { a: "ä🧬" });
  assert.equal(message.header.msg_type, "status");
  assert.equal(message.header.session, "s");
  assert.deepEqual([...message.buffers[0]!], [9]);
});

test("the signature covers the four JSON frames and no buffer", () => {
  const changed = frames();
  changed[7] = Buffer.from("other buffer");
  decodeMessage(changed, { signer });
  for (const frame of [3, 4, 5, 6]) {
    const broken = frames();
    broken[frame] = Buffer.from('{"b":1}');
    assert.throws(() => decodeMessage(broken, { signer }), WireError);
  }
});

test("an empty key turns signing off; an unknown scheme is refused", () => {
  const unsigned = new Signer("");
  const sent = encodeMessage(outgoing, "s", unsigned).map((frame) => Buffer.from(frame as Uint8Array));
  assert.equal(sent[2]!.length, 0);
  decodeMessage(sent, { signer: unsigned });
  assert.throws(() => new Signer("k", "rot13"), /unknown signature scheme/);
});

test("each way in which frames can be wrong has its own message", () => {
  const headless = frames();
  headless[3] = Buffer.from('{"msg_id":"1"}');
  assert.throws(() => decodeMessage(headless, { signer: new Signer("") }), /no msg_type/);
  headless[3] = Buffer.from('{"msg_id":"1","msg_type":"a","session":["s"]}');
  assert.throws(
    () => decodeMessage(headless, { signer: new Signer("") }),
    /session of the header is not text/,
  );
  const text = frames();
  text[6] = Buffer.from("[1]");
  assert.throws(() => decodeMessage(text, { signer: new Signer("") }), /content is not a JSON object/);
  text[6] = Buffer.from("{");
  assert.throws(() => decodeMessage(text, { signer: new Signer("") }), /content is not JSON/);
  assert.throws(() => decodeMessage([Buffer.from("x")], { signer }), /delimiter/);
  assert.throws(() => decodeMessage(frames().slice(0, 5), { signer }), /expected 4 JSON frames/);
});

test("a message is accepted once, even if a frame around it differs", () => {
  const admission = { signer, seen: new SeenSignatures() };
  const first = frames();
  decodeMessage(first, admission);
  assert.throws(() => decodeMessage(first, admission), /used before/);
  const moved = [Buffer.from("other identity"), ...first.slice(1, -1), Buffer.from("other buffer")];
  assert.throws(() => decodeMessage(moved, admission), /used before/);
  decodeMessage(frames(), admission);
  const unsigned = { signer: new Signer(""), seen: new SeenSignatures() };
  const plain = frames();
  plain[2] = Buffer.alloc(0);
  decodeMessage(plain, unsigned);
  decodeMessage(plain, unsigned);
});

test("the receiver's own messages are rejected", () => {
  assert.throws(() => decodeMessage(frames(), { signer, ownSession: "s" }), /own messages/);
  decodeMessage(frames(), { signer, ownSession: "another" });
});

test("nesting is limited; brackets in strings do not count", () => {
  const unsigned = { signer: new Signer("") };
  const nested = frames();
  nested[6] = Buffer.from(`{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`);
  assert.throws(() => decodeMessage(nested, unsigned), /nested deeper than 500/);
  const code = `${"[{".repeat(5000)}"\\`;
  nested[6] = Buffer.from(JSON.stringify({ code, next: { code } }));
  assert.equal(decodeMessage(nested, unsigned).content["code"], code);
});
