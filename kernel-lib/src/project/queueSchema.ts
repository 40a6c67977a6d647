import * as v from "valibot";
import { numberIn, someText } from "../schema";

/** Where a job is computed, as far as it can be checked before it is submitted. */
export const queueSchema = v.looseObject({
  queue: someText,
  cpus: v.optional(numberIn({ integer: true, least: 1 })),
  gpus: v.optional(numberIn({ integer: true, least: 0 })),
  memory: v.optional(numberIn({ above: 0 })),
  time: v.optional(someText),
  set: v.optional(v.record(v.string(), v.string("text"))),
  after: v.optional(v.array(someText)),
  parts: v.optional(numberIn({ integer: true, least: 1 })),
});
