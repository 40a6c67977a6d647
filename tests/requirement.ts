import type {} from "vitest";

/** What CI installs; with `CI=true` a test may not be skipped because one of these is missing. */
const installedOnCi = /relion|chromium|jupyter|playwright|python environment|node 24|slurm/i;

/**
 * Options of a test or suite that needs something that may be missing on the machine. The reason is listed at the end of
 * the run.
 *
 * @param reason why the test cannot run here, or a falsy value if it can
 * @throws Error on CI, if what is missing is installed there
 */
export function skipIf(reason: string | false | undefined): { skip: boolean; meta: { skipReason?: string } } {
  if (!reason) return { skip: false, meta: {} };
  if (process.env["CI"] === "true" && installedOnCi.test(reason)) {
    throw new Error(`${reason}; CI may not skip this test`);
  }
  return { skip: true, meta: { skipReason: reason } };
}

declare module "vitest" {
  interface TaskMeta {
    skipReason?: string;
  }
}
