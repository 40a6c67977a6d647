import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "vitest";

/** Shared by tests. */

/** Root of the repository; `__dirname` is that of the compiled file. */
export const repositoryRoot = path.resolve(__dirname, "../..");

/** A file or folder of the development data beside the repository; undefined if it is missing. */
export function sharedData(...parts: string[]): string | undefined {
  const file = path.resolve(repositoryRoot, "../shared/data", ...parts);
  return existsSync(file) ? file : undefined;
}

/** A new folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-test-"));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Whether a program is installed. On CI a missing program fails the test, so that comparisons are never skipped unnoticed.
 * @throws Error on CI if it is missing
 */
export function haveProgram(name: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
  if (!found && process.env["CI"] === "true")
    throw new Error(`${name} is not installed, and CI may not skip it`);
  return found;
}

/**
 * Environment variables with which the backend `webgpu` finds SwiftShader, the software GPU of Debian's chromium. Skips the
 * test, and returns undefined, if SwiftShader or the backend is not installed.
 * @throws Error on CI instead of skipping
 */
export function softwareGpu(
  t: TestContext,
  packages: readonly string[] = ["webgpu"],
): Record<string, string> | undefined {
  const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
  const installed = packages.every((name) =>
    ["native/node_modules", "node_modules"].some((folder) =>
      existsSync(path.join(repositoryRoot, folder, name, "package.json")),
    ),
  );
  const missing = [
    ...(installed ? [] : ["the backend webgpu is not installed (npm run native -- webgpu)"]),
    ...(existsSync(driver) ? [] : ["Debian's chromium, which brings SwiftShader, is not installed"]),
  ];
  if (missing.length === 0) return { VK_DRIVER_FILES: driver };
  const reason = missing.join("; ");
  if (process.env["CI"] === "true") throw new Error(`${reason}, and CI may not skip it`);
  t.skip(reason);
  return undefined;
}

/** Runs a program and returns its stdout. @throws Error with its stderr if it fails */
export function runProgram(name: string, args: string[], cwd?: string): string {
  const result = spawnSync(name, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.status !== 0) {
    throw new Error(`${name} ${args.join(" ")} failed: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout;
}
