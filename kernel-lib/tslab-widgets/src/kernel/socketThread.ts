import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Router, XPublisher } from "zeromq";
import { requestInterrupt } from "./insistence";
import { SeenSignatures } from "./replays";
import { ThreadLog } from "./threadLog";
import type { FromSockets, SocketThreadData, ToSockets } from "./threadProtocol";
import {
  type Admission,
  decodeMessage,
  encodeMessage,
  type Message,
  type OutgoingMessage,
  Signer,
} from "./wire";

/**
 * Runs in a worker thread and owns the sockets, so that the heartbeat, the control channel and everything that was
 * printed go on while a cell keeps the main thread busy.
 */

/** How long small writes of one stream are gathered before they are sent. */
const STREAM_DELAY_MS = 20;
/** A stream message is sent at once when it has grown to this. */
const STREAM_CHARACTERS = 1 << 16;
const PARENT_POLL_MS = 1000;
/** A main thread that has not left this long after it was told to is stuck in a computation. */
const SHUTDOWN_GRACE_MS = 2000;

const { connection, session, interruptWords, outstanding, watchParent } = workerData as SocketThreadData;
const port = parentPort!;
const signer = new Signer(connection.key, connection.signature_scheme);

function post(message: FromSockets): void {
  port.postMessage(message);
}

const log = new ThreadLog();
const admission: Admission = { signer, seen: new SeenSignatures(), ownSession: session };

/**
 * Largest frames that are taken, in bytes; a peer that announces a larger one is cut off before any of it is held.
 * Nobody has shown the key at that point. Buffers of comm messages come on the shell channel.
 */
const LARGEST = { shell: 256 << 20, control: 16 << 20, stdin: 16 << 20, iopub: 1 << 16, heartbeat: 1 << 16 };
/** After a failed receive, so that one that fails again and again leaves the thread its time. */
const RECEIVE_PAUSE_MS = 5;

const unlimited = { sendHighWaterMark: 0, receiveHighWaterMark: 0 };
const shell = new Router({ ...unlimited, maxMessageSize: LARGEST.shell });
const control = new Router({ ...unlimited, maxMessageSize: LARGEST.control });
const stdin = new Router({ ...unlimited, maxMessageSize: LARGEST.stdin });
const iopub = new XPublisher({
  sendHighWaterMark: 0,
  verbosity: "allSubs",
  maxMessageSize: LARGEST.iopub,
});
/** A router answers every peer by itself; a reply socket fails for all of them when one sends no proper request. */
const heartbeat = new Router({ maxMessageSize: LARGEST.heartbeat });
const sockets = { shell, control, stdin, iopub };

/** One send at a time and in order: ZeroMQ refuses a second `send` while one is under way. */
class SendQueue {
  readonly #socket: Router | XPublisher;
  readonly #waiting: (string | Uint8Array)[][] = [];
  #running: Promise<void> | undefined;

  constructor(socket: Router | XPublisher) {
    this.#socket = socket;
  }

  push(message: OutgoingMessage): void {
    this.#waiting.push(encodeMessage(message, session, signer));
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    let next = 0;
    while (next < this.#waiting.length) {
      const frames = this.#waiting[next++]!;
      try {
        await this.#socket.send(frames);
      } catch (error) {
        // A router refuses a peer that is gone; whoever asked cannot be told.
        log.event("a message could not be sent", (error as Error).message);
      }
      if (next > 1024) {
        this.#waiting.splice(0, next);
        next = 0;
      }
    }
    this.#waiting.length = 0;
    this.#running = undefined;
  }

  async drained(): Promise<void> {
    await this.#running;
  }
}

const queues = {
  shell: new SendQueue(shell),
  control: new SendQueue(control),
  stdin: new SendQueue(stdin),
  iopub: new SendQueue(iopub),
};

/** Gathers what is printed. At most one stream is open, so that order between streams and other messages holds. */
let openStream: { name: string; parent: string; parts: string[]; length: number } | undefined;
let streamTimer: NodeJS.Timeout | undefined;

function flushStream(): void {
  if (streamTimer) clearTimeout(streamTimer);
  streamTimer = undefined;
  if (!openStream) return;
  const { name, parent, parts } = openStream;
  openStream = undefined;
  queues.iopub.push({
    identities: [`stream.${name}`],
    type: "stream",
    parent,
    metadata: "{}",
    content: JSON.stringify({ name, text: parts.join("") }),
    buffers: [],
  });
}

function addToStream(name: string, parent: string, text: string): void {
  if (openStream && (openStream.name !== name || openStream.parent !== parent)) flushStream();
  openStream ??= { name, parent, parts: [], length: 0 };
  openStream.parts.push(text);
  openStream.length += text.length;
  if (openStream.length >= STREAM_CHARACTERS) flushStream();
  else streamTimer ??= setTimeout(flushStream, STREAM_DELAY_MS);
}

function answerControl(request: Message, type: string, content: object): void {
  queues.control.push({
    identities: request.identities,
    type,
    parent: JSON.stringify(request.header),
    metadata: "{}",
    content: JSON.stringify(content),
    buffers: [],
  });
}

function publishStatus(state: "busy" | "idle", request: Message): void {
  flushStream();
  queues.iopub.push({
    identities: ["status"],
    type: "status",
    parent: JSON.stringify(request.header),
    metadata: "{}",
    content: JSON.stringify({ execution_state: state }),
    buffers: [],
  });
}

function killIfStuck(after: string): void {
  setTimeout(() => {
    log.say(`a cell did not end after ${after}; the process is killed`);
    void closeSockets().then(() => process.kill(process.pid, "SIGKILL"));
  }, SHUTDOWN_GRACE_MS).unref();
}

/** Answered here, since the main thread may be deep in a computation. Everything else on this channel can wait. */
function handleControl(message: Message): void {
  switch (message.header.msg_type) {
    case "interrupt_request":
      publishStatus("busy", message);
      requestInterrupt(interruptWords, (sequence) => post({ kind: "interrupt", sequence }));
      answerControl(message, "interrupt_reply", { status: "ok" });
      publishStatus("idle", message);
      return;
    case "shutdown_request":
      killIfStuck("shutdown_request");
      post({ kind: "message", channel: "control", message });
      return;
    default:
      post({ kind: "message", channel: "control", message });
  }
}

/** A view of a larger buffer would take all of that buffer along to the main thread. */
function alone(frame: Uint8Array): Uint8Array {
  return frame.byteLength === frame.buffer.byteLength ? frame : new Uint8Array(frame);
}

/** Hands on what a socket receives, until it is closed. Whatever arrives, and whatever becomes of it, the loop goes on. */
async function receiveAll(
  socket: Router | XPublisher,
  handle: (frames: Buffer[]) => void | Promise<void>,
): Promise<void> {
  while (!socket.closed) {
    let frames: Buffer[];
    try {
      frames = await socket.receive();
    } catch (error) {
      if (socket.closed) return;
      log.event("receiving failed", (error as Error).message);
      await pause(RECEIVE_PAUSE_MS);
      continue;
    }
    try {
      await handle(frames);
    } catch (error) {
      log.event("a message was dropped", (error as Error).message);
    }
  }
}

function receive(socket: Router, handle: (message: Message) => void): Promise<void> {
  return receiveAll(socket, (frames) => {
    const message = decodeMessage(frames, admission);
    handle({
      ...message,
      identities: message.identities.map(alone),
      buffers: message.buffers.map(alone),
    });
  });
}

/** A front end that hears this knows that it will miss nothing from now on (protocol 5.4). */
function welcomeSubscribers(): Promise<void> {
  const SUBSCRIBE = 1;
  return receiveAll(iopub, ([request]) => {
    if (request?.[0] !== SUBSCRIBE) return;
    const subscription = request.subarray(1);
    flushStream();
    queues.iopub.push({
      identities: [subscription],
      type: "iopub_welcome",
      parent: "{}",
      metadata: "{}",
      content: JSON.stringify({ subscription: subscription.toString("utf8") }),
      buffers: [],
    });
  });
}

function echoHeartbeat(): Promise<void> {
  return receiveAll(heartbeat, (frames) => heartbeat.send(frames));
}

let closing = false;

async function closeSockets(): Promise<void> {
  if (closing) return;
  closing = true;
  flushStream();
  for (const queue of Object.values(queues)) await queue.drained();
  for (const socket of [...Object.values(sockets), heartbeat]) {
    socket.linger = 1000;
    socket.close();
  }
}

function bindAll(): Promise<unknown> {
  const address = (number: number) =>
    connection.transport === "ipc"
      ? `ipc://${connection.ip}-${number}`
      : `${connection.transport}://${connection.ip}:${number}`;
  return Promise.all([
    shell.bind(address(connection.shell_port)),
    control.bind(address(connection.control_port)),
    stdin.bind(address(connection.stdin_port)),
    iopub.bind(address(connection.iopub_port)),
    heartbeat.bind(address(connection.hb_port)),
  ]);
}

// What ends here was nobody's to catch; the kernel and its variables outlive it.
process.on("uncaughtException", (error) => log.event("unexpected error", error.stack ?? String(error)));
process.on("unhandledRejection", (reason) => log.event("unexpected rejection", String(reason)));

port.on("message", (message: ToSockets) => {
  switch (message.kind) {
    case "send": {
      if (message.channel === "iopub") flushStream();
      const identities = message.channel === "iopub" ? [message.type] : message.identities;
      queues[message.channel].push({ ...message, identities });
      return;
    }
    case "stream":
      Atomics.sub(outstanding, 0, message.text.length);
      Atomics.notify(outstanding, 0);
      addToStream(message.name, message.parent, message.text);
      return;
    case "drain":
      // Two turns of the event loop: what the sockets held when this arrived has been passed on by then.
      setImmediate(() => setImmediate(() => post({ kind: "drained", id: message.id })));
      return;
    case "close":
      void closeSockets().then(() => port.close());
      return;
  }
});

if (watchParent) {
  const parent = process.ppid;
  const poll = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(poll);
    killIfStuck("the program that started the kernel had gone");
    post({ kind: "parentGone" });
  }, PARENT_POLL_MS).unref();
}

bindAll().then(
  () => {
    void receive(shell, (message) => post({ kind: "message", channel: "shell", message }));
    void receive(control, handleControl);
    void receive(stdin, (message) => post({ kind: "message", channel: "stdin", message }));
    void welcomeSubscribers();
    void echoHeartbeat();
    post({ kind: "ready" });
  },
  (error: Error & { address?: string }) =>
    post({ kind: "failed", reason: [error.message, error.address].filter(Boolean).join(": ") }),
);
