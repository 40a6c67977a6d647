import { type Command, Option } from "commander";
import { InputError } from "../errors";
import type { KernelspecPlace } from "../jupyter/kernelspec";
import { examples, fileOption } from "./options";
import type { RunCommand } from "./session";

const places = (command: Command): Command =>
  command
    .addOption(new Option("--user", "in the user's own Jupyter folder (the default)"))
    .addOption(new Option("--sys-prefix", "in the active Python environment"))
    .addOption(
      fileOption("--prefix <folder>", "in this environment, such as a conda environment or /usr/local"),
    );

/** Adds the commands `kernel install` and `kernel uninstall`. */
export function addKernel(program: Command, run: RunCommand): void {
  const kernel = program
    .command("kernel")
    .summary("install or uninstall the Jupyter kernel")
    .description(
      "Installs or uninstalls the kernelspec of the TypeScript kernel, by which Jupyter finds it.",
    );
  const install = places(
    kernel.command("install").description("Writes the kernelspec and prints its folder."),
  );
  examples(install, "e2gmm kernel install --user");
  install.action((place: KernelspecPlace) =>
    run({}, async (session) => {
      session.print((await jupyter()).installKernelspec(place));
    }),
  );
  const uninstall = places(kernel.command("uninstall").description("Removes the kernelspec."));
  examples(uninstall, "e2gmm kernel uninstall --user");
  uninstall.action((place: KernelspecPlace) =>
    run({}, async (session) => {
      const { kernelspecFolder, uninstallKernelspec } = await jupyter();
      const removed = uninstallKernelspec(place);
      if (removed === undefined) throw new InputError(kernelspecFolder(place), "a kernelspec", "none");
      session.print(`${removed} is removed`);
    }),
  );
}

/** Loaded only when needed: batch use does not need the kernel. */
function jupyter(): Promise<typeof import("../jupyter/kernelspec")> {
  return import("../jupyter/kernelspec");
}
