import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "vitest";
import { fourStates } from "../latent/fourStates.test.helper";
import { particleSets } from "../latent/particleSets";
import { explore } from "./explore";

const states = fourStates();
const mixture = { method: "mixture", count: 4 } as const;

test("a mixture assigns particles to separate groups by their images, as the command does", async () => {
  const explorer = await explore(states.run.folder);
  const tasks = new Set<string>();
  const sets = await explorer.cluster(mixture, { onProgress: ({ task }) => tasks.add(task) });
  assert.ok(tasks.has("images at the groups"), [...tasks].join(", "));
  const { labels } = await particleSets(states.run, { clusters: 4 });
  for (const [set, { rows }] of sets.entries()) {
    const own = Uint32Array.from(labels.keys()).filter((i) => labels[i] === set);
    assert.deepEqual(Array.from(rows), Array.from(own));
  }
  explorer.close();
});

test("without images a mixture assigns particles by their places, and the page says so", async () => {
  const explorer = await explore(states.run.folder);
  const stack = `${states.run.folder}/../particles.mrcs`;
  renameSync(stack, `${stack}.away`);
  try {
    assert.equal((await explorer.cluster(mixture)).length, 4);
    assert.match(
      explorer.get("status"),
      /^Assigned by places, since the images cannot be compared: .*particles\.mrcs/,
    );
  } finally {
    renameSync(`${stack}.away`, stack);
  }
  explorer.close();
});
