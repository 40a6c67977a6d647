import assert from "node:assert/strict";
import { test } from "node:test";
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

test("a message survives the wire: identities, content and buffers", () => {
  const message = decodeMessage(frames(), signer);
  assert.deepEqual([...message.identities[0]!], [1, 2]);
  assert.deepEqual(message.content, { a: "ä🧬" });
  assert.equal(message.header.msg_type, "status");
  assert.equal(message.header.session, "s");
  assert.deepEqual([...message.buffers[0]!], [9]);
});

test("the signature covers the four JSON frames and no buffer", () => {
  const changed = frames();
  changed[7] = Buffer.from("other buffer");
  decodeMessage(changed, signer);
  for (const frame of [3, 4, 5, 6]) {
    const broken = frames();
    broken[frame] = Buffer.from('{"b":1}');
    assert.throws(() => decodeMessage(broken, signer), WireError);
  }
});

test("an empty key switches signing off; another scheme is refused", () => {
  const unsigned = new Signer("");
  const sent = encodeMessage(outgoing, "s", unsigned).map((frame) => Buffer.from(frame as Uint8Array));
  assert.equal(sent[2]!.length, 0);
  decodeMessage(sent, unsigned);
  assert.throws(() => new Signer("k", "rot13"), /not known/);
});

test("every way in which frames can be wrong has its words", () => {
  const headless = frames();
  headless[3] = Buffer.from('{"msg_id":"1"}');
  assert.throws(() => decodeMessage(headless, new Signer("")), /no msg_type/);
  const text = frames();
  text[6] = Buffer.from("[1]");
  assert.throws(() => decodeMessage(text, new Signer("")), /content is not a JSON object/);
  text[6] = Buffer.from("{");
  assert.throws(() => decodeMessage(text, new Signer("")), /content is not JSON/);
  assert.throws(() => decodeMessage([Buffer.from("x")], signer), /delimiter/);
  assert.throws(() => decodeMessage(frames().slice(0, 5), signer), /4 JSON frames/);
});
