import type { ConnectionInfo, Message } from "./wire";

/** Messages and shared memory between the main thread, where cells run, and the socket thread. */

/** Channels on which front ends get replies. */
export type ReplyChannel = "shell" | "control" | "stdin";

/** Messages to the socket thread. */
export type ToSockets =
  | {
      kind: "send";
      channel: ReplyChannel | "iopub";
      identities: readonly Uint8Array[];
      type: string;
      /** JSON text, like metadata and content: made in the main thread, where an error can be reported to the cell. */
      parent: string;
      metadata: string;
      content: string;
      buffers: readonly Uint8Array[];
    }
  | { kind: "stream"; name: "stdout" | "stderr"; parent: string; text: string }
  /** Asks for `drained` once everything that has arrived has been posted to the main thread. */
  | { kind: "drain"; id: number }
  /** Sends all queued messages, closes the sockets and ends the thread. */
  | { kind: "close" };

/** Messages from the socket thread. */
export type FromSockets =
  | { kind: "ready" }
  | { kind: "failed"; reason: string }
  | { kind: "message"; channel: ReplyChannel; message: Message }
  | { kind: "interrupt"; sequence: number }
  | { kind: "drained"; id: number }
  | { kind: "parentGone" };

/** What the socket thread is started with. */
export interface SocketThreadData {
  /** Ports and key. */
  connection: ConnectionInfo;
  /** Id of the kernel's session. */
  session: string;
  /** See {@link interruptWord}. */
  interruptWords: Int32Array;
  /** Characters of output that the main thread has posted and the socket thread has not received yet. */
  outstanding: Int32Array;
  /** Whether to end the kernel when the process that started it has ended. */
  watchParent: boolean;
}

/** Indices into the shared memory through which an interrupt reaches a busy main thread. */
export const interruptWord = {
  /** Not 0: checks of cell code must find out whether they have to throw. */
  stop: 0,
  /** Number of the latest requested interrupt. */
  requested: 1,
  /** Number of the latest interrupt that the main thread has acted on. */
  handled: 2,
  /** {@link clock} when the socket thread last sent SIGINT to its own process; 0 once that has arrived. */
  signalSent: 3,
  /** Number of the latest interrupt for which everything that it applied to has ended. */
  ended: 4,
  /** Whether the main thread is in a `vm` script that SIGINT breaks, one of {@link breakState}. */
  breakable: 5,
} as const;

/** Whether SIGINT would break a `vm` script in the main thread. */
export const breakState = {
  no: 0,
  yes: 1,
  /** SIGINT has been sent; the script must not be left before it has arrived. */
  signalled: 2,
} as const;

/** Length of the shared memory. */
export const interruptWordCount = 6;

/** Milliseconds, wrapped to 30 bits, never 0. The same in both threads. */
export function clock(): number {
  return (Date.now() & 0x3fffffff) | 1;
}

/** Characters of outstanding output from which on printing waits for the socket thread. */
export const maxOutstandingBytes = 32 << 20;
