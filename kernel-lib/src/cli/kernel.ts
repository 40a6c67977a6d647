import { type Command, Option } from "commander";
import { InputError } from "../errors";
import type { KernelspecPlace } from "../jupyter/kernelspec";
import { examples, fileOption } from "./options";
import type { RunCommand } from "./session";

const places = (command: Command): Command =>
  command
    .addOption(new Option("--user", "the person's own Jupyter folder (the default)"))
    .addOption(new Option("--sys-prefix", "the environment of the Python that is active"))
    .addOption(
      fileOption("--prefix <folder>", "folder of an environment, as for conda or a system-wide installation"),
    );

export function addKernel(program: Command, run: RunCommand): void {
  const kernel = program
    .command("kernel")
    .summary("make the Jupyter kernel known, or unknown")
    .description("Makes the TypeScript kernel of this package known to Jupyter, or removes it.");
  const install = places(kernel.command("install").description("Writes the kernelspec, and says where."));
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

/** The kernel is no part of what batch use needs. */
function jupyter(): Promise<typeof import("../jupyter/kernelspec")> {
  return import("../jupyter/kernelspec");
}
