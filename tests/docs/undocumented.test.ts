import path from "node:path";
import { expect, test } from "vitest";
import { importModule, root } from "../workspace/repository";

test("every public export has a docstring, every public function and class an example", async () => {
  const { undocumented } = await importModule<{ undocumented(): string[] }>(
    path.join(root, "tests/docs/undocumented.mjs"),
  );
  expect(undocumented()).toEqual([]);
});

test("every type that a public signature names is exported, and links in docstrings lead somewhere", async () => {
  const { unexported } = await importModule<{ unexported(): Promise<string[]> }>(
    path.join(root, "tests/docs/unexported.mjs"),
  );
  expect(await unexported()).toEqual([]);
});
