import assert from "node:assert/strict";
import { StoppedError } from "../errors";

/** Aborts endless work at the third turn of the event loop, and asserts that it ended by the fourth. */
export async function assertStopsAtThirdTurn(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => {
    if (++turns === 3) controller.abort();
  }, 1);
  try {
    await assert.rejects(work(controller.signal), StoppedError);
  } finally {
    clearInterval(timer);
  }
  assert.equal(turns, 3);
}
