import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "vitest";

/** What tests share. */

/** Root of the repository; `__dirname` is that of the compiled file. */
export const repositoryRoot = path.resolve(__dirname, "../..");

/** A file or folder of the development data beside the repository, or undefined where there is none. */
export function sharedData(...parts: string[]): string | undefined {
  const file = path.resolve(repositoryRoot, "../shared/data", ...parts);
  return existsSync(file) ? file : undefined;
}

/** A folder of the test's own, removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-test-"));
  t.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Whether an outside program is there. On CI its absence fails the test instead of skipping it, since a comparison
 * that silently stops being made is no comparison.
 */
export function haveProgram(name: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
  if (!found && process.env["CI"] === "true")
    throw new Error(`${name} is not installed, and CI may not skip it`);
  return found;
}

/**
 * What the environment of a process needs so that its backend `webgpu` finds a GPU: SwiftShader, one in software, of
 * Debian's chromium. Where it is not there, or the backend is not, the test is skipped with the reason, and fails on CI.
 */
export function softwareGpu(t: TestContext): Record<string, string> | undefined {
  const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
  const packages = ["webgpu", "@tensorflow/tfjs-backend-webgpu"];
  const installed = packages.every((name) =>
    existsSync(path.join(repositoryRoot, "native/node_modules", name, "package.json")),
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

/** Runs an outside program and returns what it printed. @throws Error with its stderr when it fails. */
export function runProgram(name: string, args: string[], cwd?: string): string {
  const result = spawnSync(name, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.status !== 0) {
    throw new Error(`${name} ${args.join(" ")} failed: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout;
}
