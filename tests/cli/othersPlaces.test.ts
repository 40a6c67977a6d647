import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { refuses, simulatedProject, succeed, words } from "./command";

/** Places that another program inferred: what they depend on. */

test("evidence says whether places of another program depend on what must not matter", (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder, "--snr", "5");
  const at = (name: string) => path.join(folder, name);
  const rows = readFileSync(at("sim/particles.star"), "utf8")
    .split("\n")
    .filter((line) => line.includes("@"))
    .map((line) => line.trim().split(/\s+/));
  const labels = [...readFileSync(at("sim/particles.star"), "utf8").matchAll(/_(rln\w+) #(\d+)/g)];
  const column = Number(labels.find(([, name]) => name === "rlnDefocusU")![2]) - 1;
  writeFileSync(at("z.csv"), rows.map((row) => `${Number(row[column]) / 1e4}\n`).join(""));
  const out = succeed(
    folder,
    ...words("evidence --places z.csv --input sim/particles.star --json leaks.json --quiet"),
  );
  assert.match(out, /places follow the defocus/);
  const { leaks } = JSON.parse(readFileSync(at("leaks.json"), "utf8"));
  assert.ok(leaks.leaks.find(({ name }: { name: string }) => name === "defocus").explained > 0.8);
  writeFileSync(at("few.csv"), "1\n2\n");
  refuses(
    folder,
    words("evidence --places few.csv --input sim/particles.star"),
    /those of the 60 particles of sim/,
  );
  refuses(folder, ["evidence"], /a run, or --places and --input/);
  refuses(
    folder,
    words("evidence --places z.csv --input sim/particles.star --anew"),
    /--anew: expected a run/,
  );
});

test("a model goes to EMAN2's text and comes back", (t) => {
  const folder = temporaryFolder(t);
  const line = "0.1 -0.2 0.05 2 1.5";
  writeFileSync(path.join(folder, "model.txt"), `# box_size 32\n# apix 4\n${line}\n`);
  succeed(folder, ...words("convert --model model.txt --to eman2 --out eman2.txt"));
  const [x, y, z, amplitude] = readFileSync(path.join(folder, "eman2.txt"), "utf8")
    .trim()
    .split("\n")
    .at(-1)!
    .split(" ");
  assert.deepEqual([x, y, z, amplitude], ["0.1", "0.2", "-0.05", "1"]);
  succeed(folder, ...words("convert --model eman2.txt --from eman2 --box-size 32 --apix 4 --out back.txt"));
  const back = readFileSync(path.join(folder, "back.txt"), "utf8")
    .trim()
    .split("\n")
    .at(-1)!
    .split(" ")
    .map(Number);
  for (const [i, value] of line.split(" ").map(Number).entries())
    assert.ok(Math.abs(back[i]! - value) < 1e-5);
  refuses(folder, words("convert --model eman2.txt --from eman2 --out no.txt"), /--box-size and --apix/);
  refuses(folder, words("convert --model model.txt --out no.txt"), /--to: expected another format/);
});
