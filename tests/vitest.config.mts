import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Sources and where the build puts them. */
const trees = [
  ["kernel-lib/src", "kernel-lib/dist"],
  ["kernel-lib/tslab-widgets/src", "kernel-lib/tslab-widgets/dist"],
  ["labextension/src", "labextension/lib"],
  ["tests", "tests/dist"],
] as const;

/**
 * Worker threads, child processes and the WebAssembly module come from the build, as users get them: modules find them beside
 * themselves through `__dirname`, which is therefore the folder of the compiled file.
 */
const compiledFolder: Plugin = {
  name: "compiled-folder",
  enforce: "pre",
  transform(code, id) {
    const file = path.relative(root, id.split("?")[0]!);
    const tree = trees.find(([sources]) => file.startsWith(`${sources}/`));
    if (!tree || !code.includes("__dirname")) return undefined;
    const folder = path.join(root, tree[1], path.relative(tree[0], path.dirname(file)));
    return { code: code.replaceAll(/\b__dirname\b/g, JSON.stringify(folder)), map: null };
  },
};

const limit = Number(process.env["E2GMM_TEST_TIMEOUT"]) * 1000 || undefined;

/**
 * Test files that run at the same time. Vitest leaves one processor free, which on two processors is half of them; most files wait
 * for Python, Chromium or a child process for a part of their time. Not more than four: a training file takes 1 GiB.
 */
const maxWorkers = Math.max(1, Math.min(4, availableParallelism()));

/** Settings in which the two kinds of test files differ. */
interface Kind {
  name: string;
  /** Kinds run one after the other in this order. */
  groupOrder: number;
  /** End of the file names. */
  ending: string;
  exclude?: string[];
  /** Time limit of a test and of a hook. */
  seconds: number;
}

const project = ({ ending, exclude = [], seconds, groupOrder, ...rest }: Kind) => ({
  extends: true as const,
  test: {
    include: trees.map(([folder]) => `${folder}/**/*${ending}`),
    exclude: ["**/node_modules/**", "**/dist/**", "**/lib/**", ...exclude],
    testTimeout: limit ?? seconds * 1000,
    hookTimeout: limit ?? seconds * 1000,
    sequence: { groupOrder },
    ...rest,
  },
});

export default defineConfig({
  root,
  plugins: [compiledFolder],
  // Written next to the packages and not into the home folder
  cacheDir: path.join(root, "node_modules/.vite"),
  test: {
    pool: "forks",
    // What a test prints is shown when it fails
    silent: "passed-only",
    maxWorkers,
    slowTestThreshold: 30_000,
    isolate: true,
    // The library as built: it is CommonJS, and its worker threads share modules with it
    server: { deps: { external: [/\/kernel-lib\/(.*\/)?dist\//] } },
    projects: [
      project({
        name: "tests",
        groupOrder: 0,
        ending: ".test.ts",
        exclude: ["**/*.slow.test.ts"],
        seconds: 180,
      }),
      project({ name: "slow", groupOrder: 1, ending: ".slow.test.ts", seconds: 600 }),
    ],
    coverage: {
      provider: "v8",
      include: ["kernel-lib/src/**/*.ts", "kernel-lib/*/src/**/*.ts", "labextension/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.test.*.ts", "**/testing.ts"],
      reporter: ["text-summary", "html"],
      reportsDirectory: "tests/dist/coverage",
    },
  },
});
