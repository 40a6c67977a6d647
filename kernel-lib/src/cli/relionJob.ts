import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError, StoppedError } from "../errors";

/** Types of output nodes in the pipelines of RELION 4 and 5, and their numbers in RELION 3. */
const nodeTypes = {
  particles: ["ParticleGroupMetadata.star.relion", 3],
  map: ["DensityMap.mrc", 6],
  optimisationSet: ["TomoOptimisationSet.star.relion", 50],
} as const;

/** A file that other jobs can take as input. */
export interface OutputNode {
  file: string;
  type: keyof typeof nodeTypes;
}

/** Time between two looks for a request to stop, in ms. */
const pollTime = 1000;

const launcher = path.join(__dirname, "../../bin/e2gmm.js");

/**
 * The folder of an External job of RELION: RELION looks there for files without content that say how the job ended, and for
 * `RELION_OUTPUT_NODES.star`, which lists what other jobs can take. A file `RELION_JOB_ABORT_NOW` asks the job to stop.
 */
export class RelionJob {
  constructor(
    readonly folder: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Path of a file in the folder, as RELION names it: relative to the project. */
  at(name: string): string {
    return path.join(this.folder, name);
  }

  has(name: string): boolean {
    return existsSync(this.at(name));
  }

  /** Does the work of the job, and says how it ended. @throws what the work throws */
  async run(work: () => Promise<readonly OutputNode[]>): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const end of ["SUCCESS", "FAILURE", "ABORTED"]) await this.remove(`RELION_JOB_EXIT_${end}`);
    try {
      await this.writeNodes(await work());
      await this.mark("SUCCESS");
    } catch (error) {
      await this.mark(error instanceof StoppedError ? "ABORTED" : "FAILURE");
      throw error;
    } finally {
      await this.remove(abortNow);
    }
  }

  /**
   * Runs another command of this program in a process of its own, which is stopped, as by Ctrl-C, when the job is to stop.
   * @throws StoppedError if it was stopped; InputError if it failed, which it has reported itself
   */
  async command(...args: string[]): Promise<void> {
    this.throwIfAborted();
    const child = spawn(process.execPath, [launcher, ...args], { stdio: ["ignore", "inherit", "inherit"] });
    const stop = () => void child.kill("SIGTERM");
    const timer = setInterval(() => this.has(abortNow) && stop(), pollTime);
    this.signal.addEventListener("abort", stop, { once: true });
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (exit, by) => resolve([exit, by]));
    }).finally(() => {
      clearInterval(timer);
      this.signal.removeEventListener("abort", stop);
    });
    this.throwIfAborted();
    if (code !== 0)
      throw InputError.of(`e2gmm ${args[0]} failed (${signal ?? `exit code ${code}`}), see above`);
  }

  private throwIfAborted(): void {
    if (!this.signal.aborted && !this.has(abortNow)) return;
    throw new StoppedError(
      "stopped; RELION's Continue, or the same command, goes on from the last checkpoint",
    );
  }

  private async writeNodes(nodes: readonly OutputNode[]): Promise<void> {
    const rows = nodes.map(({ file, type }) => `${file} ${nodeTypes[type].join(" ")}\n`);
    const head =
      "data_output_nodes\n\nloop_\n_rlnPipeLineNodeName #1\n_rlnPipeLineNodeTypeLabel #2\n_rlnPipeLineNodeType #3\n";
    await writeAtomic(this.at("RELION_OUTPUT_NODES.star"), `\n${head}${rows.join("")}\n`);
  }

  private mark(end: string): Promise<void> {
    return writeFile(this.at(`RELION_JOB_EXIT_${end}`), "");
  }

  private remove(name: string): Promise<void> {
    return rm(this.at(name), { force: true });
  }
}

const abortNow = "RELION_JOB_ABORT_NOW";
