import assert from "node:assert/strict";
import { resultText, type WireClient } from "../kernel/wireClient";

/** How long an interrupted cell may take to end on a busy machine. */
export const PATIENCE_MS = 30_000;

/** The kernel runs cells, before and after an `await`, and has the variable `kept` of an earlier cell, which is 42. */
export async function usable(client: WireClient): Promise<void> {
  assert.equal(resultText(await client.execute("let s = 0; for (let i = 0; i < 7; i++) s += 6; s")), "42");
  assert.equal(
    resultText(await client.execute("await null; kept")),
    "42",
    "variables of earlier cells are kept",
  );
}

/** Runs a cell, interrupts it once it has printed "go", and waits for its end. */
export async function endsWhenInterrupted(client: WireClient, code: string): Promise<void> {
  const id = await client.startExecute(code);
  await client.until(
    () =>
      client.publishedFor(id).find(({ type, content }) => type === "stream" && /go/.test(content["text"])),
    "output",
    PATIENCE_MS,
  );
  await client.interrupt();
  const { reply, published } = await client.finished(id, PATIENCE_MS);
  assert.equal(reply.content["status"], "error");
  assert.equal(reply.content["ename"], "Interrupted");
  assert.equal(published.filter(({ type }) => type === "error").length, 1);
  await usable(client);
}
