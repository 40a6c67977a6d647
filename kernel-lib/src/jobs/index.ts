/** Jobs: commands and studies that Slurm runs, or a process in the background of this machine. */
export { cancel, resubmit, wait } from "./control";
export type { QueueSystem } from "./jobRecords";
export { type JobState, type JobStatus, listJobs as list } from "./jobStatus";
export type { QueueSettings } from "./queueSettings";
export { submit } from "./submit";
export type { JobProgress } from "./wholeProgress";
