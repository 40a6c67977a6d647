import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../tests/testing";
import { availableMemory, describeMemoryError, memoryLimit } from "./memoryLimit";

const GIB = 2 ** 30;

/** Content of /proc/self and /sys/fs/cgroup. */
interface System {
  cgroup?: string;
  limits?: string;
  statm?: string;
  groups?: Record<string, string>;
}

const cases: [name: string, system: System, gib: number, by: RegExp][] = [
  ["no limits at all", {}, 64, /machine/],
  [
    "version 2: the process's own group",
    { cgroup: "0::/user/job\n", groups: { "user/job/memory.max": `${8 * GIB}\n` } },
    8,
    /cgroup/,
  ],
  [
    "version 2: a parent group, as set by batch systems",
    {
      cgroup: "0::/slurm/job_7/step_0/task_0\n",
      groups: { "slurm/job_7/memory.max": `${4 * GIB}`, "slurm/job_7/step_0/task_0/memory.max": "max\n" },
    },
    4,
    /cgroup/,
  ],
  [
    "version 2: inside a container, where the path may be the host's",
    { cgroup: "0::/docker/abc\n", groups: { "memory.max": `${2 * GIB}\n` } },
    2,
    /cgroup/,
  ],
  ["version 2: memory.high", { cgroup: "0::/\n", groups: { "memory.high": `${3 * GIB}` } }, 3, /cgroup/],
  [
    "version 1",
    {
      cgroup: "5:memory:/docker/abc\n4:cpu,cpuacct:/\n0::/\n",
      groups: {
        "memory/docker/abc/memory.limit_in_bytes": `${GIB}\n`,
        "memory/memory.limit_in_bytes": "9223372036854771712",
      },
    },
    1,
    /cgroup/,
  ],
  [
    "version 1 without a limit",
    { cgroup: "5:memory:/\n", groups: { "memory/memory.limit_in_bytes": "9223372036854771712" } },
    64,
    /machine/,
  ],
  [
    "ulimit -v, less the addresses in use",
    {
      limits: `Max address space         ${5 * GIB}           unlimited            bytes\n`,
      statm: `${GIB / 4096} 1 1 1\n`,
    },
    4,
    /ulimit -v/,
  ],
  [
    "ulimit -v unlimited",
    { limits: "Max address space         unlimited            unlimited            bytes\n", statm: "1 1\n" },
    64,
    /machine/,
  ],
];

for (const [name, { cgroup, limits, statm, groups = {} }, gib, by] of cases) {
  test(`the memory limit: ${name}`, (t) => {
    const folder = temporaryFolder(t);
    const proc = path.join(folder, "proc");
    const cgroups = path.join(folder, "cgroups");
    mkdirSync(proc);
    for (const [file, content] of Object.entries({ cgroup, limits, statm })) {
      if (content !== undefined) writeFileSync(path.join(proc, file), content);
    }
    for (const [file, content] of Object.entries(groups)) {
      mkdirSync(path.dirname(path.join(cgroups, file)), { recursive: true });
      writeFileSync(path.join(cgroups, file), content);
    }
    const limit = memoryLimit({ proc, cgroups, total: 64 * GIB });
    assert.equal(limit.bytes / GIB, gib);
    assert.match(limit.by, by);
  });
}

test("this process has memory, at most that of the machine", () => {
  const bytes = availableMemory();
  assert.ok(bytes > 2 ** 26 && bytes <= totalmem(), String(bytes));
});

test("out-of-memory errors of V8 and WebAssembly are recognised", () => {
  const code = (allocate: string) =>
    `const { describeMemoryError } = require(${JSON.stringify(path.join(__dirname, "memoryLimit.js"))});` +
    `try { ${allocate} } catch (error) { console.log(describeMemoryError(error)); }`;
  for (const allocate of [
    "const all = []; for (;;) all.push(new Float32Array(2 ** 28));",
    "for (const all = []; ;) all.push(Buffer.alloc(2 ** 31));",
    "for (const all = []; ;) all.push(new WebAssembly.Memory({ initial: 60000, maximum: 60000, shared: true }));",
  ]) {
    // Thread stacks and V8 reserve a gigabyte of addresses.
    const script = `ulimit -v 4000000; exec "$0" -e "$1"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath, code(allocate)], {
      encoding: "utf8",
    });
    assert.match(
      stdout,
      /^memory: not enough \(.*; the limit is .* GiB, set by ulimit -v\); use a higher `ulimit -v`/,
      stderr,
    );
  }
  assert.equal(describeMemoryError(new RangeError("Invalid array length")), undefined);
  assert.equal(describeMemoryError(new Error("memory access out of bounds")), undefined);
});
