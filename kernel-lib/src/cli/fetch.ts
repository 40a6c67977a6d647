import { type Command, Option } from "commander";
import { StoppedError } from "../errors";
import { empiarAddress } from "../fetch/entries";
import { fetchEntry } from "../fetch/fetchEntry";
import { inTermsOf } from "./failure";
import { examples, fileOption, type QuietOption, quietOption } from "./options";
import type { RunCommand, Session } from "./session";

interface FetchCommandOptions extends QuietOption {
  out?: string;
  path?: string[];
  address?: string;
  list?: boolean;
}

/** Adds the command `fetch`. */
export function addFetch(program: Command, run: RunCommand): void {
  const command = program
    .command("fetch")
    .summary("fetch particles of EMPIAR that the tutorials need")
    .description(
      "Fetches files of an entry of EMPIAR by HTTPS into a folder of its name. Looks first whether they fit on the drive. Ctrl-C stops; the same command " +
        "continues where it was, and fetches nothing again that is complete. Checksums are compared where the server has a list of them. Without a " +
        "network, run it where there is one and copy the folder.",
    )
    .argument("<entry>", "EMPIAR-10076, -10180 and -10492 of the tutorials, or any other")
    .addOption(fileOption("--out <folder>", "folder of the files (default: EMPIAR- and the number)"))
    .addOption(
      new Option(
        "--path <path>",
        "path below the entry's folder, a folder if it ends in a slash; may be repeated (default: what the tutorial needs, else data/)",
      ).argParser((text: string, before: string[] = []) => [...before, text]),
    )
    .addOption(
      new Option(
        "--address <URL>",
        `address below which the entries are (default: E2GMM_EMPIAR, else ${empiarAddress})`,
      ),
    )
    .addOption(new Option("--list", "only say what would be fetched"))
    .addOption(quietOption());
  examples(command, "e2gmm fetch EMPIAR-10076 --list", "e2gmm fetch EMPIAR-10076");
  command.action((entry: string, options: FetchCommandOptions) =>
    run(options, (session) => fetchFiles(entry, options, session)),
  );
}

async function fetchFiles(entry: string, options: FetchCommandOptions, session: Session): Promise<void> {
  const { out, path: paths, address, list } = options;
  const { signal, onProgress } = session;
  const fetching = fetchEntry(entry, {
    ...{ signal, onProgress },
    ...(out !== undefined && { out }),
    ...(paths && { paths }),
    ...(address !== undefined && { address }),
    ...(list && { list }),
  });
  const names = { entry: "e2gmm fetch", paths: "--path", address: "--address" };
  const { folder, files, next } = await inTermsOf(names, fetching).catch((error) => {
    if (!(error instanceof StoppedError)) throw error;
    throw new StoppedError("stopped; the same command continues");
  });
  for (const { path, size, checked, fetched } of files) {
    const bytes = size === undefined ? "size unknown" : `${(size / 1e6).toFixed(size < 1e6 ? 3 : 1)} MB`;
    const what = checked ? ", checksum right" : fetched || list ? "" : ", already there";
    session.print(`${folder}/${path}: ${bytes}${what}`);
  }
  if (list) return;
  for (const sentence of next) session.print(sentence);
}
