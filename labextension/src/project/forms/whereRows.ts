import type { Machine } from "e2gmm/messages/project";
import { nothing, type TemplateResult } from "lit/html.js";
import type { ListedRun } from "../runsModel.js";
import { choiceRow, typedRow } from "./formRows.js";
import type { QueueForm } from "./queueForm.js";

/** What the rows of a queue show and change. */
export interface WhereRows {
  form: QueueForm;
  machine: Machine | undefined;
  set(fields: Partial<QueueForm>): void;
  choose(field: "template"): void;
  adviceId(name: string): string;
  /** Runs and other outputs that are not finished. */
  open: readonly ListedRun[];
}

/** Where a job is computed, and what it waits for. */
export function whereRows(where: WhereRows): (TemplateResult | TemplateResult[] | typeof nothing)[] {
  const { form, machine, set, choose, open } = where;
  const local = `this machine, in the background${machine ? ` (${machine.cpus} processors)` : ""}`;
  const isSlurm = form.where !== "local";
  const row = (name: keyof QueueForm, label: string, advice: string, numeric: boolean) =>
    typedRow({
      ...{ name, label, advice, numeric, adviceId: where.adviceId(name), value: form[name] },
      set: (value) => set({ [name]: value }),
      ...(name === "template" && { choose: () => choose(name) }),
    });
  return [
    choiceRow({
      label: "Run on",
      advice: "It goes on when the page, the kernel or the browser is closed",
      value: form.where,
      options: [
        ["local", local],
        ["slurm", `Slurm, plain script${machine && !machine.slurm ? " (sbatch was not found here)" : ""}`],
        ["template", "Slurm, with a template of RELION or cryoSPARC"],
      ],
      set: (value) => set({ where: value as QueueForm["where"] }),
    }),
    form.where === "template"
      ? row(
          "template",
          "Template",
          "Script with XXXcommandXXX, or cluster_script.sh with {{ run_cmd }}",
          false,
        )
      : nothing,
    row("cpus", "Processors", isSlurm ? "Empty: 4" : "Empty: all of this machine", true),
    isSlurm
      ? [
          row("gpus", "GPUs", "Empty: none", true),
          row("memory", "Memory in GB", "Empty: as the cluster has it", true),
          row(
            "time",
            "Time limit",
            "Such as 12:00:00; at the limit a checkpoint is written and the job goes back into the queue",
            false,
          ),
          row("partition", "Partition", "Empty: the cluster's own", false),
        ]
      : nothing,
    open.length > 0 ? waits(form, open, set) : nothing,
  ];
}

function waits(form: QueueForm, open: readonly ListedRun[], set: WhereRows["set"]): TemplateResult {
  return choiceRow({
    label: "Wait for",
    advice: "Starts when that run is complete; two at a time on one machine take twice as long",
    value: form.after,
    options: [
      ["", "nothing: start at once"],
      ...open.map(({ folder, title }): [string, string] => [
        folder,
        title === "" ? folder : `${title} (${folder})`,
      ]),
    ],
    set: (after) => set({ after }),
  });
}
