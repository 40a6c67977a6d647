import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { KernelProcess } from "./kernelProcess";
import type { WireClient, WireMessage } from "./wireClient";

/** What tests of a running kernel share. */

/** A kernel for the tests of a file, with a client. */
export interface KernelSession {
  /** The process. */
  readonly kernel: KernelProcess;
  /** A client that is connected to it. */
  readonly client: WireClient;
  /** Where the notebook would lie. */
  readonly folder: string;
}

/** Starts a kernel before the tests of a file and stops it after them. @param setUp a cell that is run first */
export function kernelSession(setUp?: string): KernelSession {
  const session = {} as { -readonly [K in keyof KernelSession]: KernelSession[K] };
  beforeAll(async () => {
    session.folder = mkdtempSync(path.join(tmpdir(), "kernel-notebook-"));
    session.kernel = await KernelProcess.start({ cwd: session.folder });
    session.client = await session.kernel.client();
    if (setUp !== undefined) await session.client.execute(setUp);
  });
  afterAll(async () => {
    await session.kernel.stop();
    rmSync(session.folder, { recursive: true, force: true });
  });
  return session;
}

/** The messages of one type. */
export function ofType(messages: readonly WireMessage[], type: string): WireMessage[] {
  return messages.filter((message) => message.type === type);
}

/** The one error among messages. */
export function errorOf(messages: readonly WireMessage[]): WireMessage {
  const errors = ofType(messages, "error");
  assert.equal(errors.length, 1, "exactly one error is published");
  return errors[0]!;
}

/** Text without the codes that colour it. */
export const plain = (text: string): string =>
  text.replace(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");

/** The traceback of an error, without colours. */
export const traceback = (message: WireMessage): string => plain(message.content["traceback"].join("\n"));
