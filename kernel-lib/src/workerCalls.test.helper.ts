import { setTimeout } from "node:timers/promises";
import { InputError, throwIfStopped } from "./errors";
import { serveCalls } from "./workerCalls";

/** The worker thread of workerCalls.test.ts. */

/** What the thread is asked to do. */
export type TestRequest =
  | { kind: "double"; value: number }
  | { kind: "count"; to: number }
  | { kind: "fail"; how: "input" | "plain" | "clone" | "exit" }
  | { kind: "wait" };

serveCalls<TestRequest, unknown, number>(async (request, { signal, emit }) => {
  switch (request.kind) {
    case "double":
      return 2 * request.value;
    case "count":
      for (let i = 1; i <= request.to; i++) emit(i);
      return request.to;
    case "fail":
      if (request.how === "input") throw new InputError("file", "a number", "text");
      if (request.how === "exit") process.exit(3);
      if (request.how === "clone") return () => undefined;
      throw new RangeError("too large");
    case "wait":
      for (;;) {
        throwIfStopped(signal);
        await setTimeout(5);
      }
  }
});
