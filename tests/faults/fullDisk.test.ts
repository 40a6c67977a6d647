import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { beforeAll, describe, test } from "vitest";
import { launcher } from "../cli/command";
import { type SmallProject, smallProject } from "./smallRun";

/** A disk that is full: the error names the file, old files are what they were, and nothing half written stays. */

let project: SmallProject;
beforeAll(async () => {
  project = await smallProject();
});
const at = (...parts: string[]) => path.join(project.folder, ...parts);

/** The part of a file handle that writes. */
interface Handle {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
}

/**
 * Does work on a disk with room for so many bytes in files whose name ends like this: what goes beyond is refused as the
 * file system refuses it, without a path.
 */
async function withRoom<T>(
  bytes: number,
  ending: RegExp,
  work: () => Promise<T>,
  code = "ENOSPC",
): Promise<T> {
  // The object itself, of which an import would be a copy.
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

/** What the library writes, by the name of the file. */
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
      test(`${name}: ${code} names it, and the file of before stays`, async () => {
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

  test("a training names each file of its run that does not fit, and goes on when there is room", async () => {
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
      // Where there is no record yet there is no run, and nothing of it.
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

test("the command names the file that is larger than `ulimit -f` allows, and leaves nothing", async () => {
  const run = await e2.training.trainInThisThread(project.settings("limited"));
  run.close();
  (await e2.training.Run.open(run.folder)).close();
  const before = readdirSync(project.folder).sort();
  // In blocks of 1,024 bytes: less than the map has.
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
