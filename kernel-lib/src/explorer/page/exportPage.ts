import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../atomicWrite";
import { InputError, throwIfStopped } from "../../errors";
import { packValues } from "../../packedValues";
import { beginTask, type TaskOptions } from "../../progress";
import { Run } from "../../training/runs/run";
import { openWorkbench } from "../../workbench/workbench";
import { knowledgeOf } from "../runKnowledge";
import { networksModule } from "./networksModule";
import { contentOfExplorer, contentOfRun, type PageContent, type PagedParts } from "./pageContent";
import { pageHtml } from "./pageHtml";

/** Options of an interactive page. */
export interface PageOptions extends TaskOptions {
  /** Title of the page. Default: name of the particle file. */
  title?: string;
  /** Particles that the page shows at most; of more, a random subset that is the same every time. Default 20,000. */
  particles?: number;
  /** Whether the sets of particles that are kept in the run folder are shown; of an explorer always its sets. Default true. */
  sets?: boolean;
  /** Whether an existing file is replaced. Default false. */
  overwrite?: boolean;
}

/** An interactive page that was written. */
export interface ExportedPage {
  /** Path of the file. */
  file: string;
  /** Its size. */
  bytes: number;
  /** Particles in the page. */
  particles: number;
  /** Particles of the run. */
  of: number;
}

/** Program of the page and licences of the packages in it, made by the build of the extension. */
const programFolder = path.join(__dirname, "../../page");

/**
 * Writes a run as one HTML file that lives without kernel, server and network: the latent space beside the molecule, which follows
 * the probe as it is dragged, by the decoder of the run itself. Particles can be selected and coloured, a path be drawn and
 * played. The page holds the weights of the decoder in 16 bits each and the places of some particles, and neither images nor paths
 * of this machine.
 *
 * @param run an open run, or the folder of one
 * @throws InputError for a folder without a run, an existing file unless `overwrite` is set, and an unusable number of particles;
 *   StoppedError
 * @example
 * ```ts
 * const page = await e2.exportPage("RUN", "motion.html", { title: "Simulated particles", overwrite: true });
 * console.log(`${page.particles} of ${page.of} particles, ${(page.bytes / 1e6).toFixed(1)} MB`);
 * ```
 */
export async function exportPage(
  run: Run | string,
  file: string,
  options: PageOptions = {},
): Promise<ExportedPage> {
  const begun = beginTask(options);
  const opened = typeof run === "string" ? await Run.open(run) : run;
  try {
    const sets = options.sets === false ? [] : [...(await openWorkbench(opened)).sets];
    const content = contentOfRun(opened, await knowledgeOf(opened), sets);
    return await writePage(content, file, begun);
  } finally {
    if (opened !== run) opened.close();
  }
}

/**
 * Writes the page of an explorer, as it is now.
 * @param busy called with what is being done, and with an empty text at the end
 * @internal
 */
export async function exportExplorerPage(
  parts: PagedParts,
  file: string,
  options: PageOptions,
  busy: (text: string) => void,
): Promise<ExportedPage> {
  const begun = beginTask(options);
  const run = parts.explored.requireRun("decoder for a page");
  try {
    busy("Writing the page…");
    const content = contentOfExplorer(parts, run, await knowledgeOf(run));
    return await writePage(content, file, {
      ...begun,
      onProgress: (progress) => {
        busy(`Writing the page: ${progress.note}…`);
        begun.onProgress?.(progress);
      },
    });
  } finally {
    busy("");
  }
}

/** Writes a page with this content; see {@link exportPage}. */
async function writePage(content: PageContent, file: string, options: PageOptions): Promise<ExportedPage> {
  const { title, particles = 20_000, overwrite = false, signal, onProgress } = options;
  if (!Number.isInteger(particles) || particles < 1) {
    throw new InputError("particles", "an integer of 1 or more", String(particles));
  }
  if (!overwrite && existsSync(file)) {
    throw new InputError(file, "a new file, or overwrite", "an existing file");
  }
  let done = 0;
  const step = (note: string) => {
    throwIfStopped(signal);
    onProgress?.({ task: "interactive page", done: done++, total: 4, note });
  };
  step("decoder");
  const [program, licences] = await Promise.all([programFile("program.js"), programFile("licences.txt")]);
  const data = content.data({
    ...{ title, particles },
    networks: networksModule(),
    licences: licences.toString("utf8"),
  });
  step("compressing");
  const html = await pageHtml({ title: data.title, program, data: packValues(data) });
  step("writing");
  await writeAtomic(file, html);
  step("done");
  return {
    ...{ file, bytes: Buffer.byteLength(html), of: data.count },
    particles: data.latents.length / data.latent,
  };
}

async function programFile(name: string): Promise<Buffer> {
  try {
    return await readFile(path.join(programFolder, name));
  } catch {
    throw InputError.of(
      `The program of interactive pages is not in this installation (${name}); it is made by npm run build.`,
    );
  }
}
