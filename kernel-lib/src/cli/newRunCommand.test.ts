import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "vitest";
import { cellOf, commandOf, type NewRunSettings } from "../project/newRun";
import { makeProgram } from "./program";
import type { QueueOptions } from "./queue";
import { queueSettings } from "./queue";
import { Session } from "./session";

/** The command and the cell that the window shows do what its settings say: a shell and the command line's own parser read them back. */

type Parsed = Record<string, unknown> & QueueOptions;

/** The words that a POSIX shell makes of a line. */
function shellWords(line: string): string[] {
  const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" });
  return printed.split("\0").slice(0, -1);
}

/** Options that the command line finds in each line of a command. */
async function parsed(command: string): Promise<{ name: string; options: Parsed }[]> {
  const found: { name: string; options: Parsed }[] = [];
  for (const line of command.split("\n")) {
    const [program, ...args] = shellWords(line);
    assert.equal(program, "e2gmm");
    const name = args
      .slice(
        0,
        args.findIndex((word) => word.startsWith("--")),
      )
      .join(" ");
    await makeProgram(async (options) => {
      found.push({ name, options: options as Parsed });
    }).parseAsync(args, { from: "user" });
  }
  return found;
}

/** The settings that the commands of a new run stand for. */
async function settingsIn(command: string): Promise<NewRunSettings> {
  const steps = await parsed(command);
  const last = steps.at(-1)!;
  const [neutral] = steps.length > 1 ? steps : [undefined];
  const session = new Session({ quiet: true });
  const { after: _made, ...queue } = queueSettings(last.options, session)!;
  const first = queueSettings(steps[0]!.options, session)!;
  const isGiven = (value: unknown) => value !== undefined && value !== "auto";
  const given = (name: string, value: unknown) => (isGiven(value) ? { [name]: value } : {});
  const { particles, model, out, resolution, latent, vary, mask, symmetry, epochs } = last.options;
  const { from, select, axes } = last.options;
  const halves = last.name === "study halves";
  assert.deepEqual(
    neutral ? [neutral.name, last.name] : [last.name],
    neutral ? ["neutral", "train"] : [halves ? "study halves" : "train"],
  );
  if (neutral) {
    assert.equal(neutral.options["out"], model, "the training uses the model that is made");
    assert.deepEqual(queueSettings(last.options, session)!.after, [model], "and waits for it");
    assert.deepEqual(neutral.options["symmetry"], symmetry);
    assert.deepEqual(
      isGiven(neutral.options["resolution"]) ? neutral.options["resolution"] : undefined,
      resolution,
    );
  }
  return {
    ...given("particles", particles),
    ...given("from", from),
    ...given("select", select),
    ...given("axes", axes),
    ...given("map", neutral?.options["map"]),
    ...(neutral ? {} : given("model", model)),
    out: out as string,
    ...given("resolution", resolution),
    ...given(
      "gaussians",
      neutral?.options["gaussians"] ?? (halves && !model ? last.options["gaussians"] : undefined),
    ),
    ...given("latent", latent),
    ...(JSON.stringify(vary) === '["position","amplitude","width"]'
      ? {}
      : { vary: vary as NewRunSettings["vary"] & object }),
    ...given("mask", mask),
    ...given("symmetry", symmetry),
    ...given("epochs", epochs),
    ...(halves && { halves }),
    queue: { ...queue, ...(first.after && { after: first.after }) },
  };
}

/** The settings in a cell: its one call is made, with a library that keeps what it is given. */
async function settingsInCell(cell: string): Promise<NewRunSettings> {
  const code = cell.replace('import * as e2 from "e2gmm";', "");
  let kept: NewRunSettings | undefined;
  const e2 = { project: { startRun: async (settings: NewRunSettings) => (kept = settings) } };
  await new Function("e2", `return (async () => {${code}})();`)(e2);
  return kept!;
}

const plain: NewRunSettings = { particles: "p.star", map: "m.mrc", out: "run", queue: { queue: "local" } };
const cases: [what: string, settings: NewRunSettings][] = [
  ["a run of a map with all defaults", plain],
  [
    "every choice, with names that a shell would take apart",
    {
      particles: "my data/it's $HOME; rm -rf *.star",
      map: '/a b/"map".mrc',
      out: "runs/ünï (1)",
      resolution: 7.5,
      gaussians: 512,
      latent: 3,
      vary: ["position", "amplitude"],
      mask: "mask`1`.mrc",
      symmetry: "C7",
      epochs: 20,
      queue: {
        queue: "/t/cluster script.sh",
        cpus: 8,
        gpus: 1,
        memory: 32,
        time: "12:00:00",
        set: { queue: "gpu", extra1: "a b" },
        after: ["one", "an other"],
      },
    },
  ],
  [
    "a run of a model",
    { particles: "-p.cs", model: "model.txt", out: "run", queue: { queue: "slurm", cpus: 2 } },
  ],
  [
    "a second round of some particles in a domain",
    {
      from: "runs/first round",
      select: "closed set.txt",
      axes: "drop",
      out: "runs/second",
      resolution: 6,
      latent: 1,
      mask: "-arm.mrc",
      queue: { queue: "local", cpus: 2, after: ["runs/first round"] },
    },
  ],
  ["a second round with all defaults", { from: "run", out: "second", queue: { queue: "slurm" } }],
  [
    "halves with their own models",
    {
      particles: "p.star",
      out: "study",
      resolution: 8,
      gaussians: 256,
      latent: 2,
      halves: true,
      queue: { queue: "local", cpus: 2 },
    },
  ],
  [
    "halves with one model",
    {
      particles: "p.star",
      model: "m.txt",
      out: "study",
      halves: true,
      queue: { queue: "local", after: ["run"] },
    },
  ],
];

for (const [what, settings] of cases) {
  test(`${what}: the command line reads the same settings from the command`, async () => {
    assert.deepEqual(await settingsIn(commandOf(settings)), settings);
  });
  test(`${what}: a notebook reads the same settings from the cell`, async () => {
    assert.deepEqual(await settingsInCell(cellOf(settings)), settings);
  });
}

for (const [what, change, message] of [
  ["no particles", { particles: "" }, /particles: expected a particle file, found none/],
  ["neither map nor model", { map: "" }, /map: expected a consensus map or a neutral model, found neither/],
  ["a map and a model", { model: "m.txt" }, /model: expected a map or a model, found both/],
  ["no output", { out: "" }, /out: expected a folder for the run, found none/],
  ["a template that is not chosen", { queue: { queue: "" } }, /queue: expected where it is computed/],
  [
    "halves without a resolution",
    { map: "", halves: true },
    /resolution: expected a resolution in Å for the models of the halves/,
  ],
  [
    "a second round with a map",
    { from: "run", particles: "" },
    /map: expected none with from, the run of a second round, found m.mrc/,
  ],
  ["axes of no run", { axes: "drop" }, /axes: expected from, the run that it belongs to, found none/],
  ["halves with a symmetry", { map: "", halves: true, symmetry: "C2" }, /symmetry: expected none for halves/],
] as [string, Partial<NewRunSettings>, RegExp][]) {
  test(`there is no command for ${what}`, () => {
    assert.throws(() => commandOf({ ...plain, ...change }), message);
    assert.throws(() => cellOf({ ...plain, ...change }), message);
  });
}
