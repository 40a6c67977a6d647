import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { packageVersion } from "../version";
import { widgetModule, widgetModuleVersion } from "./module";

const root = path.resolve(__dirname, "../../..");

test("kernel and extension agree on the name and version of the widgets' module", () => {
  const extension = JSON.parse(readFileSync(path.join(root, "labextension/package.json"), "utf8")) as {
    name: string;
    version: string;
  };
  assert.deepEqual([extension.name, extension.version], [widgetModule, widgetModuleVersion]);
  assert.equal(packageVersion, widgetModuleVersion);
  const source = readFileSync(path.join(root, "labextension/src/module.ts"), "utf8");
  assert.equal(/widgetModule = "(.+)"/.exec(source)?.[1], widgetModule);
  assert.equal(/widgetModuleVersion = "(.+)"/.exec(source)?.[1], widgetModuleVersion);
});
