import type { ConnectionInfo, Message } from "./wire";

/** What the main thread, where cells run, and the socket thread say to each other. */

export type ReplyChannel = "shell" | "control" | "stdin";

export type ToSockets =
  | {
      kind: "send";
      channel: ReplyChannel | "iopub";
      identities: readonly Uint8Array[];
      type: string;
      /** JSON text, like metadata and content: written where a value that has no JSON form can still be blamed. */
      parent: string;
      metadata: string;
      content: string;
      buffers: readonly Uint8Array[];
    }
  | { kind: "stream"; name: "stdout" | "stderr"; parent: string; text: string }
  /** Asks for `drained` once everything that had arrived by now is on its way to the main thread. */
  | { kind: "drain"; id: number }
  /** Sends what is queued, closes the sockets and ends the thread. */
  | { kind: "close" };

export type FromSockets =
  | { kind: "ready" }
  | { kind: "failed"; reason: string }
  | { kind: "message"; channel: ReplyChannel; message: Message }
  | { kind: "interrupt"; sequence: number }
  | { kind: "drained"; id: number }
  | { kind: "parentGone" };

export interface SocketThreadData {
  connection: ConnectionInfo;
  session: string;
  /** See {@link InterruptWord}. */
  interruptWords: Int32Array;
  /** Bytes of output posted by the main thread and not yet taken over by the socket thread. */
  outstanding: Int32Array;
  /** Whether to end the kernel when the process that started it is gone. */
  watchParent: boolean;
}

/** Words of the shared memory through which an interrupt reaches a main thread that is busy. */
export const InterruptWord = {
  /** Not 0: checks of cell code must look whether they have to throw. */
  stop: 0,
  /** Number of the latest interrupt that was asked for. */
  requested: 1,
  /** Number of the latest interrupt that the main thread has acted on. */
  handled: 2,
  /** Clock (see {@link clock}) when the socket thread last sent SIGINT to its own process; 0 once that has arrived. */
  signalSent: 3,
  /** Number of the latest interrupt after which everything that it hit has ended. */
  ended: 4,
  /** Whether the main thread is in a `vm` script that SIGINT breaks, one of {@link Breakable}. */
  breakable: 5,
} as const;

export const Breakable = {
  no: 0,
  yes: 1,
  /** SIGINT is on its way; the script must not be left before it has arrived. */
  signalled: 2,
} as const;

export const INTERRUPT_WORDS = 6;

/** Milliseconds, wrapped to what a word holds, and never 0. Both threads read the same. */
export function clock(): number {
  return (Date.now() & 0x3fffffff) | 1;
}

/** Above this, printing waits for the socket thread instead of filling the memory. */
export const MAX_OUTSTANDING_BYTES = 32 << 20;
