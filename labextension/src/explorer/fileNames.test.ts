import assert from "node:assert/strict";
import { test } from "vitest";
import { fileNameOf } from "./fileNames.js";

test("any set name gives a valid file name", () => {
  assert.equal(fileNameOf("k-means 1 of 4"), "k-means_1_of_4");
  assert.equal(fileNameOf("../../etc/passwd"), "etc_passwd");
  assert.equal(fileNameOf("<img src=x onerror=alert(1)>"), "img_src_x_onerror_alert_1");
  assert.equal(fileNameOf("C:\\windows"), "C_windows");
  assert.equal(fileNameOf("geschlossen ü 閉"), "geschlossen_ü_閉");
  assert.equal(fileNameOf("…"), "set");
  assert.equal(fileNameOf(".hidden"), "hidden");
  assert.equal(fileNameOf("x".repeat(300)).length, 80);
});
