import path from "node:path";
import type { Command } from "commander";
import { exportPage } from "../explorer/page/exportPage";
import { runFiles } from "../training/runs/run";
import { examples, fileOption, numberOption, type QuietOption, quietOption, required } from "./options";
import type { RunCommand, Session } from "./session";

interface PageCommandOptions extends QuietOption {
  out: string;
  title?: string;
  particles: number;
}

/** Adds the command `page`. */
export function addPage(program: Command, run: RunCommand): void {
  const command = program
    .command("page")
    .summary("write a run as an interactive page that needs nothing beside itself")
    .description(
      "Writes a run as one HTML file with its latent space, its molecule and its decoder: the molecule follows the ring that is " +
        "dragged through the latent space, in any browser, without network, server or kernel. The page holds the places of the " +
        "particles and the weights of the decoder, but neither images nor paths of this machine.",
    )
    .argument("<run>", "run folder of e2gmm train")
    .addOption(required(fileOption("--out <file>", "the page (HTML)")))
    .option("--title <text>", "title of the page (default: name of the particle file)")
    .addOption(
      numberOption("--particles <n>", "particles in the page at most; of more, a random subset", {
        integer: true,
        least: 1,
        default: 20_000,
      }),
    )
    .addOption(quietOption());
  examples(
    command,
    "e2gmm page run --out motion.html",
    'e2gmm page run --out motion.html --title "Ribosome"',
  );
  command.action((folder: string, options: PageCommandOptions) =>
    run(options, (session) => page(folder, options, session)),
  );
}

async function page(
  folder: string,
  { out, title, particles }: PageCommandOptions,
  session: Session,
): Promise<void> {
  const outputs = await session.writes(
    [out],
    Object.values(runFiles).map((name) => path.join(folder, name)),
  );
  const made = await exportPage(folder, outputs.place(out), {
    ...{ particles, overwrite: true, signal: session.signal },
    ...(title !== undefined && { title }),
    onProgress: (progress) => session.onProgress(progress),
  });
  await outputs.keep(session.signal);
  const some = `${made.particles.toLocaleString("en")} of ${made.of.toLocaleString("en")} particles`;
  session.print(`${out}: ${(made.bytes / 1e6).toFixed(1)} MB, ${some}`);
}
