import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { Command, Option } from "commander";
import { test } from "vitest";
import { taskDescriptions } from "../project/tasks/descriptions";
import { type TaskSettings, taskCellOf, taskCommandOf, taskSteps } from "../project/tasks/taskCommand";
import { applies, type TaskDescription, type TaskField, type TaskValue } from "../project/tasks/taskFields";
import { makeProgram } from "./program";

/** Forms and the command line agree: every value of a field is read back by the command's own parser, and refused where that refuses it. */

const queue = { queue: "local", cpus: 2 } as const;

function commandOf({ command }: TaskDescription): Command {
  const found = command.reduce<Command | undefined>(
    (parent, name) => parent?.commands.find((one) => one.name() === name),
    makeProgram(async () => {}),
  );
  assert.ok(found, command.join(" "));
  return found;
}

function example(field: TaskField): TaskValue {
  switch (field.kind) {
    case "number":
      return field.range.below === 1 ? 0.2 : Math.max(3, field.range.least ?? 0);
    case "tick":
      return true;
    case "choice":
      return field.choices[0]![0];
    case "words":
      return [...field.words.slice(0, 2)];
    case "file":
    case "newFile":
      return `my data/${field.name}.${field.endings?.[0] ?? "star"}`;
    case "text":
      return { symmetry: "C3", seeds: "1-3", z: "-1.5; 0.5" }[field.name] ?? "text";
    default:
      return `my data/${field.name}`;
  }
}

/** Values for all fields that apply, for each value of the field that chooses. */
function cases(description: TaskDescription): TaskSettings[] {
  const chooser = description.fields.find(({ kind }) => kind === "choice");
  const chosen = chooser?.kind === "choice" ? chooser.choices.map(([value]) => value) : [undefined];
  return chosen.map((choice) => {
    const values: Record<string, TaskValue> = choice === undefined ? {} : { chosen: choice };
    // A set stands in place of a list.
    for (const field of description.fields)
      if (field.kind !== "set" && !(field.name in values) && applies(field, description, values))
        values[field.name] = example(field);
    // What came first may have excluded what came later.
    const kept = Object.entries(values).filter(([name]) =>
      applies(description.fields.find((one) => one.name === name)!, description, values),
    );
    return { task: description.name, values: Object.fromEntries(kept), queue };
  });
}

function shellWords(line: string): string[] {
  const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" });
  return printed.split("\0").slice(1, -1);
}

async function parsed(args: readonly string[]): Promise<Record<string, unknown>> {
  let found: object = {};
  await makeProgram(async (options) => {
    found = options;
  }).parseAsync([...args], { from: "user" });
  return found as Record<string, unknown>;
}

for (const description of taskDescriptions) {
  test(`${description.name}: every field is an option of its command, and needed where the command needs it`, () => {
    const command = commandOf(description);
    const optionOf = (flag: string): Option => {
      const option = command.options.find(({ long }) => long === flag);
      assert.ok(option, `${description.command.join(" ")} ${flag}`);
      return option;
    };
    for (const field of description.fields) {
      if (field.flag === undefined) assert.ok(["run", "chosen", "set"].includes(field.name), field.name);
      else if (field.flag === "argument") assert.ok(command.registeredArguments.length > 0);
      else {
        const option = optionOf(field.flag);
        assert.equal(option.isBoolean(), field.kind === "tick", field.flag);
        if (field.kind === "number") {
          const { least, above, below } = field.range;
          const outside = [
            ...(least === undefined ? [] : [least - 1]),
            ...(above === undefined ? [] : [above]),
            ...(below === undefined ? [] : [below]),
          ];
          for (const value of outside)
            assert.throws(
              () => option.parseArg!(String(value), undefined),
              /expected/,
              `${field.flag} ${value}`,
            );
        }
      }
    }
    for (const { long, mandatory } of command.options)
      if (mandatory)
        assert.ok(
          description.fields.some(({ flag, required }) => flag === long && required),
          long,
        );
  });

  for (const settings of cases(description)) {
    const { chosen = "" } = settings.values;
    test(`${description.name} ${chosen}: the command line reads the values back`, async () => {
      const lines = taskCommandOf(settings).split("\n");
      const args = shellWords(lines.at(-1)!);
      const options = await parsed(args);
      assert.equal(options["queue"], "local");
      assert.equal(options["queueCpus"], 2);
      for (const { name, flag, kind } of description.fields) {
        const value = settings.values[name];
        if (value === undefined || flag === undefined) continue;
        if (flag === "argument") assert.ok(args.includes(String(value)), name);
        else if (name === "z") assert.deepEqual(options["z"], ["-1.5", "0.5"]);
        else if (name === "seeds") assert.deepEqual(options["seeds"], [1, 2, 3]);
        else assert.deepEqual(options[name], kind === "words" ? [...(value as string[])] : value, name);
      }
      const cell = taskCellOf(settings).replace('import * as e2 from "e2gmm";\n', "");
      const run = new Function("e2", `return (async () => { ${cell} })();`);
      let given: unknown;
      await run({ project: { startTask: (one: unknown) => (given = one) } });
      assert.deepEqual(given, settings);
    });
  }
}

test("a set is listed first, and is the list of the reconstruction", () => {
  const values = { run: "run", particles: "p.star", set: "-open", out: "maps/open.mrc" };
  assert.deepEqual(taskSteps({ task: "reconstruct", values, queue }), [
    ["sets", "run", "--set=-open", "--out", "maps/open_particles.txt"],
    ["reconstruct", "--particles", "p.star", "--out", "maps/open.mrc", "--select", "maps/open_particles.txt"],
  ]);
});

for (const [what, task, values, message] of [
  [
    "a value that is missing",
    "states",
    { run: "run", out: "s" },
    /^InputError: Clusters: expected a value, found none/,
  ],
  [
    "a number out of range",
    "states",
    { run: "r", clusters: 0, out: "s" },
    /^InputError: Clusters: expected an integer of 1 or more, found 0/,
  ],
  [
    "a value beside another choice",
    "states",
    { run: "r", clusters: 2, grid: 3, out: "s" },
    /^InputError: grid: expected none beside the other values/,
  ],
  [
    "an unknown value",
    "poses",
    { run: "r", colour: 1, out: "a.star" },
    /^InputError: colour: a value of poses: run, /,
  ],
  [
    "another ending",
    "correct",
    { run: "r", out: "map.txt" },
    /^InputError: Output: expected a name that ends in \.mrc/,
  ],
  ["text of two lines", "correct", { run: "r\nx", out: "map.mrc" }, /^InputError: Run: expected one line/],
  [
    "points that are no numbers",
    "correct",
    { run: "r", chosen: "points", z: "a,b", out: "m.mrc" },
    /^InputError: Points: expected numbers/,
  ],
  [
    "a set without its run",
    "reconstruct",
    { particles: "p.star", set: "a", out: "m.mrc" },
    /^InputError: run: expected the run of the set/,
  ],
] as [string, TaskSettings["task"], TaskSettings["values"], RegExp][]) {
  test(`${what} is refused`, () => {
    assert.throws(() => taskCommandOf({ task, values, queue }), message);
  });
}

test("parts are those of commands that are divided by images", () => {
  const values = { run: "r", clusters: 2, out: "s" };
  assert.match(taskCommandOf({ task: "states", values, queue: { ...queue, parts: 4 } }), / --queue-parts 4$/);
  const poses = {
    task: "poses" as const,
    values: { run: "r", out: "p.star" },
    queue: { ...queue, parts: 4 },
  };
  assert.throws(() => taskCommandOf(poses), /^InputError: parts: expected none/);
});

test("no two fields of a form that are shown together have the same name or label", () => {
  for (const description of taskDescriptions) {
    for (const { values } of cases(description)) {
      const shown = description.fields.filter((field) => applies(field, description, values));
      for (const key of ["name", "label"] as const)
        assert.equal(
          new Set(shown.map((field) => field[key])).size,
          shown.length,
          `${description.name} ${key}`,
        );
    }
  }
});
