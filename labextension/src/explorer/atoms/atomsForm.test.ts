import assert from "node:assert/strict";
import { test } from "vitest";
import { AtomsForm } from "./atomsForm.js";

test("the file is shown in the chosen state, once at a time, and only Remove sends none", async () => {
  const asked: object[] = [];
  let answer = () => {};
  const form = new AtomsForm({
    viewer: null,
    ask: (request) => {
      asked.push(request);
      return new Promise<void>((resolve) => (answer = resolve));
    },
  });
  form.typeFile(" closed.pdb ");
  form.chooseState("ring");
  const showing = form.show();
  void form.show();
  assert.equal(form.busy, true);
  answer();
  await showing;
  assert.equal(form.busy, false);
  form.typeFile("");
  const empty = form.show();
  answer();
  await empty;
  const removing = form.remove();
  answer();
  await removing;
  assert.deepEqual(
    asked.map((request) => (request as { file: string | null }).file),
    ["closed.pdb", "", null],
  );
  assert.equal((asked[0] as { state: string }).state, "ring");
});
