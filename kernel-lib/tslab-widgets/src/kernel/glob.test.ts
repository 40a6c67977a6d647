import assert from "node:assert/strict";
import { test } from "vitest";
import { globMatcher } from "./glob";

for (const [pattern, matches, others] of [
  ["", [""], ["a"]],
  ["abc", ["abc"], ["ab", "abcd", "xabc"]],
  ["*", ["", "a", "line\nline"], []],
  ["a*", ["a", "ab", "a\nb"], ["ba"]],
  ["*a", ["a", "ba", "aa"], ["ab"]],
  ["a*a", ["aa", "aba", "aaa"], ["a", "ab"]],
  ["*ab*ab*", ["abab", "xabyabz"], ["ab", "aab", "aba"]],
  ["a?c", ["abc", "a\nc"], ["ac", "abbc"]],
  ["??*", ["ab", "abc"], ["a", ""]],
  ["*?b", ["ab", "bb", "abab"], ["b"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "-x"]],
  ["[!a-c]x", ["dx", "!x"], ["ax", "x"]],
  ["[]]x", ["]x"], ["x"]],
  ["[a-]", ["a", "-"], ["b"]],
  ["[z-a]", [], ["a", "z", "-"]],
  ["a[", ["a["], ["a"]],
  ["*[[]x]", ["print[x]"], ["print(x]"]],
  ["(a|b)+.$^\\{}", ["(a|b)+.$^\\{}"], ["a"]],
] as const) {
  test(`${JSON.stringify(pattern)} as a pattern`, () => {
    const matcher = globMatcher(pattern);
    for (const text of matches) assert.equal(matcher(text), true, JSON.stringify(text));
    for (const text of others) assert.equal(matcher(text), false, JSON.stringify(text));
  });
}

test("patterns agree with equivalent regular expressions", () => {
  let state = 1;
  const below = (n: number) => {
    state = (state * 48271) % 0x7fffffff;
    return state % n;
  };
  const word = (letters: string, longest: number) =>
    Array.from({ length: below(longest) }, () => letters[below(letters.length)]).join("");
  let matched = 0;
  for (let n = 0; n < 20_000; n++) {
    const pattern = word("ab*?*", 8);
    const text = word("ab", 10);
    const expression = new RegExp(`^${pattern.replace(/\*+/g, "[^]*").replaceAll("?", "[^]")}$`);
    const expected = expression.test(text);
    if (expected) matched++;
    assert.equal(globMatcher(pattern)(text), expected, `${pattern} on ${text}`);
  }
  assert.ok(matched > 1000);
});

test("a pattern of many stars takes little time on a long text that does not match", () => {
  const text = "a".repeat(100_000);
  for (const pattern of [`${"*a".repeat(2000)}b`, `${"*?".repeat(2000)}*b`, `${"a*".repeat(2000)}b`]) {
    assert.equal(globMatcher(pattern)(text), false);
  }
});
