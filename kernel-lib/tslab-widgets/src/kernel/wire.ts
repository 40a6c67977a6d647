import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { SeenSignatures } from "./replays";

/**
 * Messages as they cross a ZeroMQ socket:
 * `[...identities, <IDS|MSG>, signature, header, parent header, metadata, content, ...buffers]`.
 * Specification: jupyter-client, "Messaging in Jupyter", protocol 5.4.
 */

export const PROTOCOL_VERSION = "5.4";

const DELIMITER = Buffer.from("<IDS|MSG>");
const JSON_FRAMES = 4;

/** What a front end writes into the file whose path it hands to the kernel. */
export interface ConnectionInfo {
  transport: string;
  ip: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  key: string;
  signature_scheme: string;
}

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export type Json = Record<string, unknown>;

export interface Message {
  /** ZeroMQ routing prefix; a reply must carry the same. */
  identities: Uint8Array[];
  header: Header;
  parent: Json;
  metadata: Json;
  content: Json;
  buffers: Uint8Array[];
}

/** Signs and checks the four JSON frames of messages. An empty key switches signing off, as the protocol says. */
export class Signer {
  readonly #key: string;
  readonly #algorithm: string;

  constructor(key: string, scheme = "hmac-sha256") {
    if (!/^hmac-\w+$/.test(scheme)) throw new Error(`signature scheme ${scheme} is not known`);
    this.#key = key;
    this.#algorithm = scheme.slice("hmac-".length);
  }

  sign(frames: readonly (string | Uint8Array)[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#algorithm, this.#key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Takes as long for a wrong signature as for a right one. */
  verify(signature: Uint8Array, frames: readonly Uint8Array[]): boolean {
    if (this.#key === "") return true;
    const expected = Buffer.from(this.sign(frames), "latin1");
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }
}

/** Why a received message was dropped. */
export class WireError extends Error {
  override readonly name = "WireError";
}

function parseObject(frame: Uint8Array, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8"));
  } catch (error) {
    throw new WireError(`${what} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError(`${what} is not a JSON object`);
  }
  return value as Json;
}

/** Nesting of content beyond which a message is refused: what copies or writes JSON recurses, and has little stack. */
const DEEPEST = 500;

function nestedDeeper(frame: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < frame.length; i++) {
    const byte = frame[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

function parseHeader(frame: Uint8Array): Header {
  const header = parseObject(frame, "header");
  for (const field of ["msg_id", "msg_type"]) {
    if (typeof header[field] !== "string") throw new WireError(`the header has no ${field}`);
  }
  // Every reply carries a copy of it.
  for (const [name, value] of Object.entries(header)) {
    if (typeof value === "object" && value !== null) throw new WireError(`${name} of the header is no text`);
  }
  return header as unknown as Header;
}

/** What a message has to pass before anything acts on it. */
export interface Admission {
  signer: Signer;
  /** Drops a message that comes a second time. Left out: none is dropped for that. */
  seen?: SeenSignatures;
  /** The session of the receiver, whose own messages are signed with the same key and can be sent back to it. */
  ownSession?: string;
}

/**
 * @throws WireError when frames are missing, the signature is wrong or has been seen, a frame is not a JSON object or
 *   nested too deeply, or the message is one of the receiver's own
 */
export function decodeMessage(frames: readonly Buffer[], { signer, seen, ownSession }: Admission): Message {
  const delimiter = frames.findIndex((frame) => frame.equals(DELIMITER));
  if (delimiter < 0) throw new WireError("the delimiter <IDS|MSG> is missing");
  const signature = frames[delimiter + 1];
  const json = frames.slice(delimiter + 2, delimiter + 2 + JSON_FRAMES);
  if (!signature || json.length < JSON_FRAMES) {
    throw new WireError(`${JSON_FRAMES} JSON frames are expected, ${json.length} are there`);
  }
  if (!signer.verify(signature, json)) throw new WireError("the signature is wrong");
  if (signature.length > 0 && seen?.add(signature) === false) {
    throw new WireError("the signature has been used before");
  }
  if (json.some((frame) => nestedDeeper(frame, DEEPEST))) {
    throw new WireError(`nested deeper than ${DEEPEST} levels`);
  }
  const header = parseHeader(json[0]!);
  if (ownSession !== undefined && header.session === ownSession) {
    throw new WireError("it is one of the kernel's own messages");
  }
  return {
    identities: frames.slice(0, delimiter),
    header,
    parent: parseObject(json[1]!, "parent header"),
    metadata: parseObject(json[2]!, "metadata"),
    content: parseObject(json[3]!, "content"),
    buffers: frames.slice(delimiter + 2 + JSON_FRAMES),
  };
}

/** A message on its way out, its JSON parts written already. */
export interface OutgoingMessage {
  identities: readonly (string | Uint8Array)[];
  type: string;
  parent: string;
  metadata: string;
  content: string;
  buffers: readonly Uint8Array[];
}

export function encodeMessage(
  message: OutgoingMessage,
  session: string,
  signer: Signer,
): (string | Uint8Array)[] {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: message.type,
    session,
    username: "kernel",
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  };
  const json = [JSON.stringify(header), message.parent, message.metadata, message.content];
  return [...message.identities, DELIMITER, signer.sign(json), ...json, ...message.buffers];
}
