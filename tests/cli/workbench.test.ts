import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { afterAll, beforeAll, test } from "vitest";
import { e2gmm, neutralModel, refuses, simulatedProject, succeed, words } from "./command";

/** The commands about what comes before a training and what is made of its run. */

let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-workbench-"));
  simulatedProject(folder, "--snr", "5");
  neutralModel(folder);
  const train =
    "train --particles sim/particles.star --model model.txt --latent 1 --epochs 1 --hidden 8 --poses file --engine wasm --threads 1 --quiet";
  succeed(folder, ...words(train), "--out", "run");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a set that the command makes is in the explorer's workbench, and one that is made there is written by the command", async () => {
  assert.match(succeed(folder, "sets", "run"), /^nothing was made of this run yet$/m);
  writeFileSync(at("indices.txt"), "5\n1\n3\n");
  assert.equal(
    succeed(folder, "sets", "run", "--add", "my set", "--indices", "indices.txt", "--quiet"),
    "my set: 3 particles\n",
  );
  const workbench = await e2.openWorkbench(at("run"));
  assert.deepEqual([...workbench.sets.get("my set").rows], [1, 3, 5]);
  workbench.sets.add([0, 2], { name: "other" });
  workbench.notes = "seen\ntwice";
  await workbench.close();
  assert.equal(
    succeed(folder, "sets", "run"),
    "set   my set: 3 particles\nset   other: 2 particles\nnote  seen\nnote  twice\n",
  );
  succeed(folder, "sets", "run", "--set", "other", "--out", "other.star");
  const written = await e2.particles.open(at("other.star"), { dataFolder: at("sim") });
  assert.equal(written.count, 2);
  assert.ok(written.hasColumn("e2gmmLatent1"));
  await written.close();
  succeed(folder, "sets", "run", "--set", "my set", "--out", "my.txt");
  assert.equal(readFileSync(at("my.txt"), "utf8"), "1\n3\n5\n");
  succeed(folder, "sets", "run", "--remove", "other");
  assert.doesNotMatch(succeed(folder, "sets", "run"), /other/);
});

test("unusable requests about sets change nothing", () => {
  refuses(folder, words("sets run --set nothing --out x.star"), /There is no set "nothing"/);
  refuses(folder, words("sets run --add a"), /--add: expected --add and --indices together/);
  writeFileSync(at("far.txt"), "99999\n");
  refuses(folder, words("sets run --add a --indices far.txt"), /far\.txt.*a particle index from 0 to/);
  refuses(folder, words("sets sim"), /run folder/);
});

test("check prints a table of findings; an error has exit status 1, after the table", () => {
  const inputs = words(
    "check --particles sim/particles.star --map sim/consensus.mrc --sample 60 --threads 1 --quiet",
  );
  const good = e2gmm(folder, ...inputs, "--json", "found.json");
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /^ok +contrast +particles and map have the same contrast$/m);
  assert.match(good.out, /^ +\d+\.\d Å +0\.\d{3} +0\.\d{3}$/m);
  const { status, findings } = JSON.parse(readFileSync(at("found.json"), "utf8"));
  assert.ok(status !== "error" && findings.length > 8);
  const wrong = e2gmm(folder, ...inputs, "--invert-contrast");
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /^ERROR +agreement +.*minus sign/m);
  assert.match(wrong.err, /^e2gmm: 1 error: a training would not start/m);
});
