import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "../freePorts";

/** Why Slurm cannot run here; undefined if it can. */
export function slurmMissing(): string | undefined {
  const missing = ["munged", "slurmctld", "slurmd", "sbatch", "scontrol"].find(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0,
  );
  if (missing) return `Slurm's ${missing} is not installed`;
  return process.getuid?.() === 0 ? undefined : "a node of Slurm needs root";
}

/** Seconds for the daemons to be ready. */
const patience = 30;

/**
 * A cluster of Slurm with one node: the real daemons, with ports, keys and state of their own, and without systemd, cgroups or
 * accounting. Commands find it by `SLURM_CONF`.
 */
export class OneNodeCluster {
  private readonly daemons: ChildProcess[] = [];

  private constructor(readonly folder: string) {}

  /** Starts it; stop it in any case. */
  static async start(): Promise<OneNodeCluster> {
    const cluster = new OneNodeCluster(mkdtempSync(path.join(tmpdir(), "e2gmm-slurm-")));
    try {
      await cluster.begin();
      return cluster;
    } catch (error) {
      const logs = cluster.logs();
      await cluster.stop();
      throw new Error(`Slurm did not start: ${(error as Error).message}\n${logs}`);
    }
  }

  /** Configuration file. */
  get configuration(): string {
    return this.at("slurm.conf");
  }

  private at(name: string): string {
    return path.join(this.folder, name);
  }

  private async begin(): Promise<void> {
    for (const name of ["munge", "state", "spool"]) mkdirSync(this.at(name), { mode: 0o700 });
    writeFileSync(this.at("munge/key"), randomBytes(1024), { mode: 0o600 });
    const socket = this.at("munge.sock");
    const munge = { "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed" };
    const files = Object.entries(munge).map(([option, name]) => `--${option}=${this.at(`munge/${name}`)}`);
    this.daemon("munged", "--foreground", "--force", `--socket=${socket}`, ...files);
    await this.ready("munge", "--no-input", `--socket=${socket}`);
    const [controller, node] = await freePorts(2);
    const host = hostname().split(".")[0]!;
    writeFileSync(
      this.configuration,
      [
        "ClusterName=test",
        `SlurmctldHost=${host}(127.0.0.1)`,
        ...["SlurmUser=root", "SlurmdUser=root", "AuthType=auth/munge", `AuthInfo=socket=${socket}`],
        ...[`SlurmctldPort=${controller}`, `SlurmdPort=${node}`],
        ...[`SlurmctldPidFile=${this.at("slurmctld.pid")}`, `SlurmdPidFile=${this.at("slurmd.pid")}`],
        ...[`StateSaveLocation=${this.at("state")}`, `SlurmdSpoolDir=${this.at("spool")}`],
        ...["ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "MpiDefault=none"],
        ...["JobAcctGatherType=jobacct_gather/none", "AccountingStorageType=accounting_storage/none"],
        ...["SelectType=select/cons_tres", "SelectTypeParameters=CR_Core", "SchedulerType=sched/builtin"],
        "SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0",
        ...["ReturnToService=2", "KillWait=10", "SlurmdParameters=config_overrides"],
        `NodeName=${host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 State=UNKNOWN`,
        `PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP`,
        "",
      ].join("\n"),
    );
    this.daemon("slurmctld", "-D", "-c");
    this.daemon("slurmd", "-D");
    await this.ready("sh", "-c", "sinfo --noheader --format=%T | grep -q idle");
  }

  private daemon(program: string, ...args: string[]): void {
    const child = spawn(program, args, {
      env: { ...process.env, SLURM_CONF: this.configuration },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const write = (bytes: Buffer) => writeFileSync(this.at(`${program}.log`), bytes, { flag: "a" });
    child.stdout.on("data", write);
    child.stderr.on("data", write);
    this.daemons.push(child);
  }

  private async ready(program: string, ...args: string[]): Promise<void> {
    for (const end = Date.now() + patience * 1000; Date.now() < end; ) {
      const { status } = spawnSync(program, args, {
        env: { ...process.env, SLURM_CONF: this.configuration },
      });
      if (status === 0) return;
      await pause(100);
    }
    throw new Error(`${program} ${args.join(" ")} fails after ${patience} s`);
  }

  private logs(): string {
    return ["munged", "slurmctld", "slurmd"]
      .map((name) => {
        try {
          return `${name}: ${readFileSync(this.at(`${name}.log`), "utf8").slice(-2000)}`;
        } catch {
          return `${name}: no log`;
        }
      })
      .join("\n");
  }

  /** Runs a command of Slurm. @returns its stdout */
  command(program: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, {
      env: { ...process.env, SLURM_CONF: this.configuration },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Ends all jobs and daemons. */
  async stop(): Promise<void> {
    if (this.daemons.length === 3)
      spawnSync("scancel", ["--user=root"], { env: { ...process.env, SLURM_CONF: this.configuration } });
    for (const child of this.daemons.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await Promise.race([ended, pause(5000).then(() => child.kill("SIGKILL"))]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
