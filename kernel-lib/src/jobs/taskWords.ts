import path from "node:path";
import { shellWord } from "../shellWord";

/** The program, as a job starts it. */
export const launcher = path.join(__dirname, "../../bin/e2gmm.js");

/** The command of a job's tasks, as one simple shell command: no template can quote it wrongly. */
export const jobCommand = (folder: string): string =>
  [process.execPath, launcher, "jobs", "run", folder].map(shellWord).join(" ");
