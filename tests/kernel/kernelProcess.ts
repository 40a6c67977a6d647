import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePorts } from "../freePorts";
import { type Connection, WireClient } from "./wireClient";

/** Starts kernels as real processes. */

/** Root of the repository. */
export const repositoryRoot = path.resolve(__dirname, "../../..");
/** The script that starts the kernel of e2gmm. */
export const launcher = path.join(repositoryRoot, "kernel-lib/bin/e2gmm-kernel.js");

/** The command line of an installed kernelspec. */
export function kernelArgv(node: string): string[] {
  const { kernelspec } = require(path.join(repositoryRoot, "kernel-lib/dist/jupyter/kernelspec")) as {
    kernelspec(options: { node: string; launcher: string }): { argv: string[] };
  };
  return kernelspec({ node, launcher }).argv;
}

/** Options of {@link KernelProcess.start}. */
export interface KernelStart {
  /** The Node to run the kernel with. Default: E2GMM_KERNEL_NODE, or the one that runs the test. */
  node?: string;
  /** Folder of the notebook. Default: a temporary one. */
  cwd?: string;
  /** Environment variables in addition to the own ones. */
  env?: NodeJS.ProcessEnv;
  /** Command line in which `{connection_file}` is replaced; default: the kernel of this repository. */
  argv?: string[];
  /** Ports to use in place of free ones. */
  ports?: Partial<Connection>;
}

/** A kernel as a real process. */
export class KernelProcess {
  /** The process. */
  readonly process: ChildProcess;
  /** How to reach it. */
  readonly connection: Connection;
  readonly #folder: string;
  /** When it was started, by `performance.now()`. */
  readonly started = performance.now();
  /** What it has printed to its own stdout and stderr. */
  log = "";
  readonly #clients: WireClient[] = [];

  private constructor(process: ChildProcess, connection: Connection, folder: string) {
    this.process = process;
    this.connection = connection;
    this.#folder = folder;
    const keep = (chunk: Buffer) => {
      this.log += chunk.toString("utf8");
    };
    process.stdout!.on("data", keep);
    process.stderr!.on("data", keep);
  }

  /** Starts a kernel. It need not be ready when this resolves. */
  static async start(options: KernelStart = {}): Promise<KernelProcess> {
    const [shell, iopub, stdin, control, heartbeat] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const connection: Connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      key: randomUUID(),
      signature_scheme: "hmac-sha256",
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: heartbeat,
      ...options.ports,
    };
    const folder = mkdtempSync(path.join(tmpdir(), "kernel-test-"));
    const file = path.join(folder, "connection.json");
    writeFileSync(file, JSON.stringify(connection));
    const node = options.node ?? process.env["E2GMM_KERNEL_NODE"] ?? process.execPath;
    const argv = options.argv ?? kernelArgv(node);
    const [command, ...args] = argv.map((arg) => arg.replace("{connection_file}", file));
    const child = spawn(command!, args, {
      cwd: options.cwd ?? folder,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new KernelProcess(child, connection, folder);
  }

  /** A connected front end: the kernel answers it, and it receives published messages. */
  async client(): Promise<WireClient> {
    const client = new WireClient(this.connection);
    this.#clients.push(client);
    await client.connected(() => this.#failIfGone());
    return client;
  }

  #failIfGone(): void {
    if (this.process.exitCode !== null) {
      throw new Error(`the kernel ended with ${this.process.exitCode}: ${this.log}`);
    }
  }

  /** Waits for its end. @returns its exit status, or null if a signal ended it */
  exited(): Promise<number | null> {
    const { process: child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once("exit", resolve));
  }

  /** Ends it, and closes its clients. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
    await this.exited();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
