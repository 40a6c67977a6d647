import assert from "node:assert/strict";
import type { SetState } from "e2gmm/messages/explorer";
import { test } from "vitest";
import { ExportFormModel, exportChoices } from "./exportFormModel.js";

const ticked = { id: "s1", name: "open / closed" } as SetState;
const index = (text: RegExp) => exportChoices.findIndex((choice) => text.test(choice.text));

test("a file is suggested from the set or the kind, in the folder of the settings", () => {
  const form = new ExportFormModel(
    () => "exports//",
    () => ticked,
  );
  assert.equal(form.file, "exports/open_closed.star");
  form.choose(index(/PDB/));
  assert.equal(form.file, "exports/gaussians.pdb");
  form.choose(index(/Density/));
  assert.equal(form.file, "exports/density.mrc");
});

test("a typed name stays until another kind is chosen; an empty field gets a suggestion on blur", () => {
  const form = new ExportFormModel(
    () => "",
    () => undefined,
  );
  form.typeFile("mine.star");
  assert.equal(form.file, "mine.star");
  form.typeFile("");
  assert.equal(form.file, "");
  form.leaveFile();
  assert.equal(form.file, "set.star");
  form.typeFile("mine.star");
  form.choose(index(/half maps/));
  assert.equal(form.file, "set.mrc");
});

test("exports of a set are requested only with a set", () => {
  const without = new ExportFormModel(
    () => "",
    () => undefined,
  );
  assert.equal(without.request(), undefined);
  without.choose(index(/text/));
  assert.deepEqual(without.request(), {
    kind: "export",
    what: "model",
    file: "gaussians.txt",
    overwrite: false,
  });
  const withSet = new ExportFormModel(
    () => "",
    () => ticked,
  );
  assert.equal(withSet.request()?.set, "s1");
});
