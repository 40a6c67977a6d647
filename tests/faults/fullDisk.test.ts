import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { beforeAll, describe, test } from "vitest";
import { launcher } from "../cli/command";
import { type SmallProject, smallProject } from "./smallRun";

/** On a full disk the error names the file, existing files are unchanged, and no partial files remain. */

let project: SmallProject;
beforeAll(async () => {
  project = await smallProject();
});
const at = (...parts: string[]) => path.join(project.folder, ...parts);

/** The writing methods of a file handle. */
interface Handle {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
}

/**
 * Runs work with space for `bytes` bytes in files whose names match `ending`; further writes fail as in the file system,
 * without a path.
 */
async function withRoom<T>(
  bytes: number,
  ending: RegExp,
  work: () => Promise<T>,
  code = "ENOSPC",
): Promise<T> {
  // The module object itself; an import would be a copy.
  const files = require("node:fs/promises") as { open(file: string, ...rest: unknown[]): Promise<Handle> };
  const { open } = files;
  let room = bytes;
  files.open = async (file, ...rest) => {
    const handle = await open(file, ...rest);
    if (!ending.test(file.replace(/(\.[0-9a-f]{8}\.part)+$/, ""))) return handle;
    const write = handle.write.bind(handle);
    handle.write = async (from, offset, length, position) => {
      if (room === 0)
        throw Object.assign(new Error(`${code}: no space left on device, write`), { code, syscall: "write" });
      const fits = Math.min(room, length);
      room -= fits;
      return write(from, offset, fits, position);
    };
    return handle;
  };
  try {
    return await work();
  } finally {
    files.open = open;
  }
}

/** Writers of the library, by file name. */
const writers: [file: string, write: (file: string) => Promise<unknown>][] = [
  ["model.txt", async (file) => e2.model.writeText(file, await e2.model.readText(project.model))],
  ["model.pdb", async (file) => e2.model.writePdb(file, [await e2.model.readText(project.model)])],
  ["map.mrc", async (file) => e2.maps.write(file, await e2.maps.read(at("consensus.mrc")))],
  [
    "some.star",
    async (file) => {
      const set = await e2.particles.open(project.particles);
      await set
        .select([1, 2, 3])
        .writeStar(file)
        .finally(() => set.close());
    },
  ],
];

describe("a full disk", () => {
  for (const [name, write] of writers) {
    for (const [code, words] of [
      ["ENOSPC", "no space left on the disk"],
      ["EDQUOT", "the disk quota is exceeded"],
      ["EIO", "input/output error of the disk"],
    ] as const) {
      test(`${name}: ${code} names it and keeps the existing file`, async () => {
        const folder = at("full");
        mkdirSync(folder, { recursive: true });
        const file = path.join(folder, name);
        writeFileSync(file, "old");
        for (const room of [0, 100]) {
          await assert.rejects(
            withRoom(room, /./, () => write(file), code),
            (error: Error) => error instanceof e2.InputError && error.message === `${file}: ${words}`,
          );
          assert.deepEqual(readdirSync(folder), [name]);
          assert.equal(readFileSync(file, "utf8"), "old");
        }
        rmSync(file);
      });
    }
  }

  test("a training names each file of its run that does not fit, and continues when there is space", async () => {
    const whole = await e2.training.trainInThisThread(project.settings("whole"));
    const latents = readFileSync(path.join(whole.folder, "latents.csv"), "utf8");
    whole.close();
    for (const [name, room] of [
      ["run.json", 0],
      ["neutral.txt", 100],
      ["weights.safetensors", 1000],
      ["history.csv", 0],
      ["latents.csv", 100],
    ] as const) {
      const settings = project.settings(`short-${name}`);
      const ending = new RegExp(`${name.replace(".", "\\.")}$`);
      await assert.rejects(
        withRoom(room, ending, () => e2.training.trainInThisThread(settings)),
        (error: Error) => error.message === `${path.join(settings.out, name)}: no space left on the disk`,
      );
      // Without a record there is no run, and no files of it.
      const begun = existsSync(path.join(settings.out, "run.json"));
      assert.equal(existsSync(settings.out), begun, name);
      if (begun)
        assert.deepEqual(
          readdirSync(settings.out).filter((file) => /part|lock/.test(file)),
          [],
        );
      const run = await e2.training.trainInThisThread({ ...settings, resume: begun });
      assert.equal(readFileSync(path.join(run.folder, "latents.csv"), "utf8"), latents, name);
      run.close();
    }
  });
});

test("the command names the file that exceeds `ulimit -f`, and leaves nothing", async () => {
  const run = await e2.training.trainInThisThread(project.settings("limited"));
  run.close();
  (await e2.training.Run.open(run.folder)).close();
  const before = readdirSync(project.folder).sort();
  // In blocks of 1,024 bytes, less than the map.
  const limited = spawnSync(
    "bash",
    [
      "-c",
      `ulimit -f 16; exec "$@"`,
      "bash",
      process.execPath,
      launcher,
      "decode",
      "limited",
      "--z=0",
      "--map-out",
      "z.mrc",
    ],
    { cwd: project.folder, encoding: "utf8" },
  );
  assert.deepEqual(
    { status: limited.status, stderr: limited.stderr },
    { status: 1, stderr: "e2gmm: z.mrc: the file would exceed the size limit\n" },
  );
  assert.deepEqual(readdirSync(project.folder).sort(), before);
});
