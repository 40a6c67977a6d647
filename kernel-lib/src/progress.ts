/** How far a long piece of work has come; `done` counts up to `total` in steps of the named task. */
export interface Progress {
  task: string;
  done: number;
  total: number;
  /** A short remark of the moment, such as `FRC 0.812`. */
  note?: string;
}

/** What every long-running function of the library accepts as part of its options. */
export interface TaskOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}
