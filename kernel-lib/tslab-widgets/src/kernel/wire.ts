import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { SeenSignatures } from "./replays";

/**
 * Messages as they cross a ZeroMQ socket:
 * `[...identities, <IDS|MSG>, signature, header, parent header, metadata, content, ...buffers]`.
 * Specification: jupyter-client, "Messaging in Jupyter", protocol 5.4.
 */

/** Version of the messaging protocol. */
export const protocolVersion = "5.4";

const delimiterFrame = Buffer.from("<IDS|MSG>");
const jsonFrameCount = 4;

/** Content of the connection file, which the front end writes and whose path it gives to the kernel. */
export interface ConnectionInfo {
  /** `tcp` or `ipc`. */
  transport: string;
  /** Address, or start of a path for `ipc`. */
  ip: string;
  /** Port for requests. */
  shell_port: number;
  /** Port on which output is published. */
  iopub_port: number;
  /** Port for input of the user. */
  stdin_port: number;
  /** Port for interrupts and shutdown. */
  control_port: number;
  /** Port of the heartbeat. */
  hb_port: number;
  /** Key of the signatures; empty: messages are not signed. */
  key: string;
  /** `hmac-` and the name of a hash. */
  signature_scheme: string;
}

/** Header of a message. */
export interface Header {
  /** Unique id of the message. */
  msg_id: string;
  /** Type of the message. */
  msg_type: string;
  /** Id of the sender's session. */
  session: string;
  /** Name of the sender. */
  username: string;
  /** Time of sending, ISO 8601. */
  date: string;
  /** Version of the protocol. */
  version: string;
}

/** A JSON object. */
export type Json = Record<string, unknown>;

/** A message that was received. */
export interface Message {
  /** ZeroMQ routing prefix; a reply must carry the same. */
  identities: Uint8Array[];
  /** Id, type and sender. */
  header: Header;
  /** Header of the message that caused this one. */
  parent: Json;
  /** Metadata of the message. */
  metadata: Json;
  /** Content by type. */
  content: Json;
  /** Binary parts. */
  buffers: Uint8Array[];
}

/** Signs and verifies the four JSON frames of messages. As in the protocol, an empty key turns signing off. */
export class Signer {
  readonly #key: string;
  readonly #algorithm: string;

  /**
   * @param key    of the connection file
   * @param scheme `hmac-` and the name of a hash
   * @throws Error for any other scheme
   */
  constructor(key: string, scheme = "hmac-sha256") {
    if (!/^hmac-\w+$/.test(scheme)) throw new Error(`unknown signature scheme ${scheme}`);
    this.#key = key;
    this.#algorithm = scheme.slice("hmac-".length);
  }

  /** The signature, hexadecimal. */
  sign(frames: readonly (string | Uint8Array)[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#algorithm, this.#key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Compares in constant time. */
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

/** Deepest nesting of content that is accepted: copying and writing JSON is recursive and could overflow the stack. */
const maxNesting = 500;

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
  // Every reply carries a copy of the header.
  for (const [name, value] of Object.entries(header)) {
    if (typeof value === "object" && value !== null) throw new WireError(`${name} of the header is not text`);
  }
  return header as unknown as Header;
}

/** The checks that a message must pass before anything acts on it. */
export interface Admission {
  /** Verifies the signature. */
  signer: Signer;
  /** Rejects replayed messages. Default: they are accepted. */
  seen?: SeenSignatures;
  /** The receiver's session: its own messages are signed with the same key and could be sent back to it. */
  ownSession?: string;
}

/**
 * Parses and checks a message.
 * @throws WireError when frames are missing, the signature is wrong or has been seen, a frame is not a JSON object or
 *   nested too deeply, or the message is one of the receiver's own
 */
export function decodeMessage(frames: readonly Buffer[], { signer, seen, ownSession }: Admission): Message {
  const delimiter = frames.findIndex((frame) => frame.equals(delimiterFrame));
  if (delimiter < 0) throw new WireError("the delimiter <IDS|MSG> is missing");
  const signature = frames[delimiter + 1];
  const json = frames.slice(delimiter + 2, delimiter + 2 + jsonFrameCount);
  if (!signature || json.length < jsonFrameCount) {
    throw new WireError(`expected ${jsonFrameCount} JSON frames, found ${json.length}`);
  }
  if (!signer.verify(signature, json)) throw new WireError("the signature is wrong");
  if (signature.length > 0 && seen?.add(signature) === false) {
    throw new WireError("the signature has been used before");
  }
  if (json.some((frame) => nestedDeeper(frame, maxNesting))) {
    throw new WireError(`nested deeper than ${maxNesting} levels`);
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
    buffers: frames.slice(delimiter + 2 + jsonFrameCount),
  };
}

/** A message to be sent, with its JSON parts as text. */
export interface OutgoingMessage {
  /** ZeroMQ routing prefix, or the topic of a published message. */
  identities: readonly (string | Uint8Array)[];
  /** Type of the message. */
  type: string;
  /** Header of the request, JSON text. */
  parent: string;
  /** Metadata, JSON text. */
  metadata: string;
  /** Content, JSON text. */
  content: string;
  /** Binary parts. */
  buffers: readonly Uint8Array[];
}

/** A message without metadata and buffers that a request caused, back to the front end that sent the request. */
export function replyTo(request: Message, type: string, content: object) {
  return {
    identities: request.identities,
    type,
    parent: JSON.stringify(request.header),
    metadata: "{}",
    content: JSON.stringify(content),
    buffers: [],
  } satisfies OutgoingMessage;
}

/** The frames of a message, signed. */
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
    version: protocolVersion,
  };
  const json = [JSON.stringify(header), message.parent, message.metadata, message.content];
  return [...message.identities, delimiterFrame, signer.sign(json), ...json, ...message.buffers];
}
