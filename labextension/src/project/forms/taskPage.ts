import type { TaskField, TaskName, TaskValue } from "e2gmm/messages/tasks";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, keepKey } from "../../controls.js";
import type { ListedRun } from "../runsModel.js";
import { choiceRow, tickRow, typedRow } from "./formRows.js";
import { sameRows } from "./sameRows.js";
import type { TaskModel } from "./taskModel.js";
import { whereRows } from "./whereRows.js";

const familyTitles = {
  reconstruct: "Reconstruct",
  study: "Study",
  poses: "Refine poses",
} as const;

/** The form of a task, as its description says. @param runs those of the project, which it can wait for */
export function taskPage(model: TaskModel, runs: readonly ListedRun[]): TemplateResult | typeof nothing {
  const { description, typed, same, starting, status, family, fields } = model;
  if (!description || !typed) return nothing;
  const title = familyTitles[description.family];
  const keep = (event: Event) => event.preventDefault();
  const groups = [...new Set(fields.map(({ group }) => group))].filter((group) => group !== "Output");
  const inGroup = (group: string) =>
    fields.filter((field) => field.group === group).map((one) => row(model, one));
  const open = runs.filter(({ state }) => state === "waiting" || state === "running");
  return html`<form class="e2gmm-form e2gmm-task" aria-label=${title} @submit=${keep} @keydown=${keepKey}>
    <h2>${title}</h2>
    ${choiceRow({
      ...{ label: "What", advice: description.summary, value: typed.task },
      options: family.map(({ name, title: text }) => [name, text] as const),
      set: (task) => model.setTask(task as TaskName),
    })}
    ${groups.map((group) => html`<fieldset><legend>${group}</legend>${inGroup(group)}</fieldset>`)}
    <fieldset>
      <legend>Where</legend>
      ${inGroup("Output")}
      ${whereRows({
        ...{ form: typed.queue, machine: model.machine(), open },
        set: (change) => model.setQueue(change),
        choose: () => void model.chooseTemplate(),
        adviceId: (name) => model.adviceId(`queue-${name}`),
      })}
      ${
        description.divisible
          ? typedRow({
              ...{ name: "parts", label: "Parts", numeric: true, value: typed.parts },
              adviceId: model.adviceId("queue-parts"),
              advice: "Tasks of an array among which the images are divided, such as nodes. Empty: 1",
              set: (parts) => model.setParts(parts),
            })
          : nothing
      }
    </fieldset>
    ${sameRows(same, (content, what) => model.copy(content, what))}
    <div class="e2gmm-form-actions">
      ${button("Start", "Start it as a job that goes on without this page", () => void model.start(), {
        className: "jp-Button jp-mod-styled jp-mod-accept",
        disabled: "missing" in same || starting,
      })}
      ${button("Close the form", "Show the runs only", () => model.close())}
      <span role="status">${status}</span>
    </div>
  </form>`;
}

function row(model: TaskModel, field: TaskField): TemplateResult {
  const { name, label, help: advice, kind } = field;
  const value = model.typed!.values[name];
  const set = (changed: TaskValue) => model.set(name, changed);
  switch (kind) {
    case "choice":
      return choiceRow({
        label,
        advice,
        value: String(value ?? field.choices[0]![0]),
        options: field.choices,
        set,
      });
    case "set":
      return choiceRow({
        ...{ label, advice, value: String(value ?? ""), set },
        options: [
          ["", model.sets.length === 0 ? "none: there are no sets" : "none"],
          ...model.sets.map((one) => [one, one] as const),
        ],
      });
    case "tick":
      return tickRow({ label: "", advice, ticks: [{ text: label, checked: value === true, set }] });
    case "words": {
      // None is all: the default of the command.
      const chosen = Array.isArray(value) && value.length > 0 ? (value as readonly string[]) : field.words;
      const ticks = field.words.map((word) => ({
        ...{ text: word, checked: chosen.includes(word) },
        set: (checked: boolean) =>
          set(field.words.filter((one) => (one === word ? checked : chosen.includes(one)))),
      }));
      return tickRow({ label, advice, ticks });
    }
    default:
      return typedRow({
        ...{ name, label, advice, adviceId: model.adviceId(name), value: String(value ?? ""), set },
        ...{ numeric: kind === "number", required: field.required },
        ...(kind !== "number" && kind !== "text" && { choose: () => void model.choose(field) }),
      });
  }
}
