import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import type { QueueSettings } from "./queueSettings";
import { fillTemplate } from "./queueTemplate";

const values = {
  ...{ name: "e2gmm_train", command: "node e2gmm.js jobs run /data/run/jobs/1_train" },
  ...{ log: "/data/run/jobs/1_train/%a.log", folder: "/data/run/jobs/1_train", cwd: "/data" },
};

test("a template of RELION is filled: names, processors, queue and extra variables", async (t) => {
  const file = path.join(temporaryFolder(t), "qsub.sh");
  const fill = (text: string, settings: Partial<QueueSettings> = {}) => {
    writeFileSync(file, text);
    return fillTemplate({ queue: file, ...settings }, values);
  };
  const template =
    "#SBATCH -n XXXmpinodesXXX -c XXXthreadsXXX -p XXXqueueXXX --time=XXXextra1XXX:00\n#SBATCH -o XXXoutfileXXX -J XXXnameXXX\nmpirun XXXcommandXXX\n";
  const set = { queue: "gpu", extra1: "12:00" };
  assert.equal(
    await fill(template, { cpus: 6, set }),
    `#SBATCH -n 1 -c 6 -p gpu --time=12:00:00\n#SBATCH -o ${values.log} -J e2gmm_train\nmpirun ${values.command}\n`,
  );
  await assert.rejects(
    fill(template, { set: { queue: "gpu" } }),
    /qsub\.sh: XXXextra1XXX: expected a value: extra1=… .*, found none/,
  );
  await assert.rejects(
    fill(template, { set: { ...set, extra2: "x" } }),
    /set: extra2: expected a variable of .*qsub\.sh/,
  );
  await assert.rejects(
    fill("#PBS -N XXXnameXXX\nXXXcommandXXX\n"),
    /expected a template for Slurm, .* another scheduler/,
  );
  await assert.rejects(
    fill("#SBATCH -n 1\necho\n"),
    /expected a template of RELION .* or cryoSPARC .*, found neither/,
  );
  // A value of the user is no template.
  assert.match(
    await fill("XXXqueueXXX XXXcommandXXX", { set: { queue: "XXXcommandXXX$&" } }),
    /^XXXcommandXXX\$& node/,
  );
});

test("a template of cryoSPARC is filled, and found in its folder", async (t) => {
  const folder = temporaryFolder(t);
  const fill = (text: string, settings: Partial<QueueSettings> = {}) => {
    writeFileSync(path.join(folder, "cluster_script.sh"), text);
    return fillTemplate({ queue: folder, ...settings }, values);
  };
  const template =
    "#SBATCH -n {{ num_cpu }}\n{% if num_gpu > 0 %}\n#SBATCH --gres=gpu:{{ num_gpu }}\n{% endif %}\n" +
    "#SBATCH --mem={{ (ram_gb*1000)|int }}M\n#SBATCH -o {{ job_log_path_abs }}\ncd {{ job_dir_abs }}\n{{ run_cmd }}\n";
  const filled = await fill(template, { cpus: 3, gpus: 2, memory: 7.5 });
  for (const line of [
    ...["#SBATCH -n 3", "#SBATCH --gres=gpu:2", "#SBATCH --mem=7500M", `#SBATCH -o ${values.log}`],
    ...[`cd ${values.folder}`, values.command],
  ]) {
    assert.ok(filled.split("\n").includes(line), `${line}: ${filled}`);
  }
  assert.doesNotMatch(await fill(template), /gres/);
  const own = "#SBATCH -p {{ partition }}\n{{ run_cmd }}\n";
  assert.match(await fill(own, { set: { partition: "gpu" } }), /-p gpu$/m);
  await assert.rejects(fill(own), /\{\{ partition \}\}: expected a value: partition=…/);
  await assert.rejects(
    fill(own, { set: { partition: "a", other: "b" } }),
    /set: other: expected a variable of/,
  );
  await assert.rejects(fill("{% if %}{{ run_cmd }}"), /expected a Jinja template that can be filled/);
  mkdirSync(path.join(folder, "empty"));
  await assert.rejects(
    fillTemplate({ queue: path.join(folder, "empty") }, values),
    /queue: expected slurm, local, relion, a template .*, found/,
  );
});

test("the plain script asks for what was asked for, and nothing else", async () => {
  const plain = await fillTemplate({ queue: "slurm" }, values);
  assert.match(plain, /^#SBATCH --cpus-per-task=4$/m);
  assert.doesNotMatch(plain, /gres|--mem|--time|--partition/);
  assert.ok(plain.endsWith(`\nexec ${values.command}\n`));
  const all = await fillTemplate(
    { queue: "slurm", cpus: 8, gpus: 1, memory: 1.5, time: "2-00:00:00", set: { queue: "gpu" } },
    values,
  );
  for (const option of ["cpus-per-task=8", "gres=gpu:1", "mem=1500M", "time=2-00:00:00", "partition=gpu"])
    assert.ok(all.includes(`#SBATCH --${option}\n`), option);
  await assert.rejects(
    fillTemplate({ queue: "slurm", set: { extra1: "x" } }, values),
    /set: expected queue, the partition/,
  );
});
