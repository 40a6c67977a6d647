import { InputError } from "../errors";

/** Where EMPIAR serves the folders of its entries, as <https://www.ebi.ac.uk/empiar/> says. */
export const empiarAddress = "https://ftp.ebi.ac.uk/empiar/world_availability/";

/** What a tutorial needs of an entry. */
export interface TutorialEntry {
  /** Molecule. */
  molecule: string;
  /** Paths below the folder of the entry; a path that ends in a slash is a folder with all that is in it. */
  paths: readonly string[];
  /** What is left to do, in sentences. */
  next: readonly string[];
}

/** Entries that tutorials follow. Sources: the page "The real data of the tutorials" of the guide. */
const entries: Readonly<Record<string, TutorialEntry>> = {
  "10076": {
    molecule: "intermediates of the bacterial 50S ribosomal subunit",
    paths: ["data/L17Combine_weight_local.mrc", "data/Parameters.star"],
    next: [
      "Parameters.star has no poses: put cryosparc_P4_J33_004_particles.cs of the repository zhonge/cryodrgn_empiar on GitHub, folder empiar10076/inputs, beside the stack.",
      "e2gmm reconstruct --particles cryosparc_P4_J33_004_particles.cs --out consensus.mrc",
      "npm start -- notebooks/assembly-states.ipynb --set PARTICLES=cryosparc_P4_J33_004_particles.cs --set MAP=consensus.mrc",
    ],
  },
  "10180": {
    molecule: "pre-catalytic spliceosome of yeast",
    paths: ["data/"],
    next: [
      "e2gmm reconstruct --particles data/Example/consensus_data.star --apix 1.7 --out consensus.mrc",
      "npm start -- notebooks/large-motions.ipynb --set PARTICLES=data/Example/consensus_data.star --set MAP=consensus.mrc",
    ],
  },
  "10492": {
    molecule: "spike of SARS-CoV-2 on virions",
    paths: ["data/"],
    next: [
      "Combine the STAR files of its classes with relion_star_handler --combine, and refine all particles together with C3 symmetry.",
      "npm start -- notebooks/symmetric-trimer.ipynb --set PARTICLES=Refine3D/job001/run_data.star --set MAP=Refine3D/job001/run_class001.mrc",
    ],
  },
};

/** The number of an entry: `10076` of `EMPIAR-10076`. @throws InputError for anything else */
export function entryNumber(entry: string): string {
  const [, number] = /^(?:EMPIAR-)?(\d{5,6})$/i.exec(entry) ?? [];
  if (number !== undefined) return number;
  throw new InputError("entry", "an entry of EMPIAR, such as EMPIAR-10076", JSON.stringify(entry));
}

/** What a tutorial needs of an entry; undefined for entries that no tutorial follows. */
export const tutorialEntry = (number: string): TutorialEntry | undefined => entries[number];
