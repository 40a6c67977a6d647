import path from "node:path";
import { finalName, writeAtomic } from "../../atomicWrite";
import { starWord } from "../../formats/relionStar";
import type { StarFile } from "../../formats/star";
import { refuseSameFile } from "../../formats/starWriter";
import { firstExisting, projectFolders } from "../projectFolders";

/*
 * Optimisation sets of RELION 5: pairs of names and files, of which particles and tomograms are read. Names are relative to the folder of
 * the project, in which RELION is started.
 */

const particlesFile = "_rlnTomoParticlesFile";
const nameWidth = 32;

/** Name of the optimisation set of a selection: `chosen_optimisation_set.star` for `chosen.star`, also while that has a temporary name. */
export const setOfSelection = (particles: string): string =>
  particles.replace(/(\.star)?((?:\.[0-9a-f]{8}\.part)?)$/i, "_optimisation_set.star$2");

/** The optimisation set by which particles of tilt series were opened. */
export class OptimisationSet {
  /** @param tomograms file of the tomograms, which the set names */
  constructor(
    private readonly star: StarFile,
    private readonly tomograms: string,
  ) {}

  /**
   * Refuses a selection whose set would replace this one, or its tomograms.
   * @throws InputError
   */
  async requireOther(particles: string): Promise<void> {
    const target = setOfSelection(particles);
    for (const file of [this.star.file, this.tomograms]) await refuseSameFile(file, target);
  }

  /**
   * Writes a set with other particles and everything else as it is. Names stay relative to the project if the particles are in it; else
   * all are absolute.
   * @param particles file of the particles, which may have its temporary name
   */
  async write(particles: string): Promise<void> {
    const { star } = this;
    const table = [...star.tables, ...star.pairTables].find((one) => one.has(particlesFile))!;
    const target = path.resolve(finalName(particles));
    const project = await this.project();
    const own = project === undefined ? undefined : path.relative(project, target);
    const isInside = own !== undefined && !own.startsWith("..") && !path.isAbsolute(own);
    const lines: string[] = [];
    for (const column of table.columns) {
      const name = table.text(column)[0]!;
      const elsewhere = async () => (isInside ? name : ((await firstExisting(star.file, name)) ?? name));
      const value = column === particlesFile ? (isInside ? own : target) : await elsewhere();
      lines.push(`${column.padEnd(nameWidth)} ${starWord(value)}\n`);
    }
    await writeAtomic(
      setOfSelection(particles),
      `\n# version 50001\n\ndata_${table.block}\n\n${lines.join("")}\n`,
    );
  }

  /** The folder that the set's names are relative to; undefined if they are absolute. */
  private async project(): Promise<string | undefined> {
    const { star, tomograms } = this;
    const table = [...star.tables, ...star.pairTables].find((one) => one.has("_rlnTomoTomogramsFile"))!;
    const name = table.text("_rlnTomoTomogramsFile")[0]!;
    if (path.isAbsolute(name)) return undefined;
    return projectFolders(star.file).find((folder) => path.resolve(folder, name) === tomograms);
  }
}
