import { shellWord } from "../shellWord";

/** A command as a user types it. */
export const typedCommand = (args: readonly string[]): string =>
  ["e2gmm", ...args]
    .map((word) => (word.startsWith("-") && /^[\w=.,:/-]+$/.test(word) ? word : shellWord(word)))
    .join(" ");
