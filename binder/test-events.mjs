// node:test reporter: the events of a run as lines of JSON, for binder/runner.mjs to count and show.
import { inspect } from "node:util";

/** What failed, as a person would want to read it: the assertion itself, not the runner's wrapping of it. */
function describe(error) {
  const cause = error?.code === "ERR_TEST_FAILURE" && error.cause !== undefined ? error.cause : error;
  return typeof cause === "string" ? cause : inspect(cause, { depth: 4 });
}

export default async function* testEvents(source) {
  for await (const { type, data } of source) {
    const { name, nesting, skip, todo, message } = data ?? {};
    if (type === "test:start") yield `${JSON.stringify({ type, name, nesting })}\n`;
    else if (type === "test:pass" || type === "test:fail") {
      const { type: kind, error } = data.details;
      const failure = error && { reason: error.failureType, text: describe(error) };
      yield `${JSON.stringify({ type, name, nesting, skip, todo, kind, failure })}\n`;
    } else if (type === "test:summary" || (type === "test:diagnostic" && /^duration_ms /.test(message))) {
      yield `${JSON.stringify({ type: "end" })}\n`; // the run came to its end: a process that left early says no such thing
    }
  }
}
