import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "vitest";
import { shellWord } from "./shellWord";

test("a shell takes a quoted name as one word with the characters that it has", () => {
  for (const name of [
    "run",
    "a/b-1.txt",
    "my run #1",
    "it's",
    "$HOME",
    "`id`",
    "a\\b",
    "<b>",
    "'",
    "é ü",
    "a\nb",
  ]) {
    const words = execFileSync("sh", ["-c", `printf '%s|' ${shellWord(name)}`], { encoding: "utf8" });
    assert.equal(words, `${name}|`);
  }
  assert.equal(shellWord("runs/run-1"), "runs/run-1");
});
