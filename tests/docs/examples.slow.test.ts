import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { importModule, root } from "../workspace/repository";

interface Example {
  place: string;
  file: string;
  run: boolean;
}

interface Tools {
  collectExamples(only?: string[]): Example[];
  checkTypes(examples: Example[]): string[];
  runExamples(examples: Example[], longest?: number): Promise<string[]>;
}

describe("examples of the documentation", () => {
  let tools: Tools;
  let examples: Example[];
  beforeAll(async () => {
    tools = await importModule<Tools>(path.join(root, "tests/docs/examples.mjs"));
    examples = tools.collectExamples();
  });

  test("are found in docstrings, READMEs and the book", () => {
    for (const place of [
      /^kernel-lib\/src\/.*\.ts$/,
      /^kernel-lib\/README\.md$/,
      /^notebooks\/guide\/.*\.md$/,
    ]) {
      expect(
        examples.some(({ file }) => place.test(file)),
        `none in ${place}`,
      ).toBe(true);
    }
  });

  test("type-check as cells of a notebook", () => {
    expect(tools.checkTypes(examples)).toEqual([]);
  });

  test("run on a small data set and change none of its files", async () => {
    expect(await tools.runExamples(examples, 60_000)).toEqual([]);
  });
});
