/** How a job is given to a queue. */
export interface QueueSettings {
  /**
   * Where it is queued: `slurm`, with a plain script; `local`, in the background on this machine; `relion`, with the template that the
   * environment variable `RELION_QSUB_TEMPLATE` names; or the file of a template of RELION or cryoSPARC for Slurm
   * (`cluster_script.sh`), used as it stands, or the folder that has it.
   */
  queue: string;
  /** Processors of each task. Default 4; with `local` those of the machine, divided among the tasks at a time. */
  cpus?: number;
  /** GPUs of each task. Default 0. */
  gpus?: number;
  /** Memory of each task in GB. Default: as the cluster has it; 16 where a template of cryoSPARC needs a number. */
  memory?: number;
  /** Time limit as Slurm has it, such as `12:00:00`. Default: as the template or the cluster has it. */
  time?: string;
  /**
   * Values of other variables of the template: `queue` (the partition) and `extra1`, … for RELION's, any for cryoSPARC's. With
   * `slurm` only `queue`.
   */
  set?: Readonly<Record<string, string>>;
  /** Outputs of queued jobs that have to be complete before it starts. */
  after?: readonly string[];
  /**
   * Parts that the particles of `states`, `correct`, `reconstruct` and `place` are divided into, each a task of an array, which may run on
   * another node. Maps are those of one job, to rounding; places bit for bit. Default 1.
   */
  parts?: number;
  /** Tasks of an array at a time, for `local`. Default 1. */
  atATime?: number;
  /** Called with each script and how it would be submitted; nothing is submitted then. */
  onPreview?: (text: string) => void;
}

/** One step of queued work: a command, or an array of commands. */
export interface JobStep {
  /** What it does, in a word of letters, digits, dots, hyphens and underscores. */
  name: string;
  /** Arguments of `e2gmm` for each task. */
  tasks: readonly (readonly string[])[];
}
