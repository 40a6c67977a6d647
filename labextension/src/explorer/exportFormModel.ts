import type { ExplorerRequest, ExportKind, SetState } from "e2gmm/messages/explorer";
import { fileNameOf } from "./fileNames.js";

/** A kind of file that can be exported. */
export interface ExportChoice {
  kind: ExportKind;
  text: string;
  /** File extension, which determines the format. */
  ending: string;
  /** Whether it exports the ticked set or the state at the probe. */
  ofSet: boolean;
}

/** Export choices in the order of the menu. */
export const exportChoices: readonly ExportChoice[] = [
  { kind: "particles", text: "Particles of the ticked set (STAR)", ending: ".star", ofSet: true },
  { kind: "map", text: "Map of the ticked set, half maps, FSC (MRC)", ending: ".mrc", ofSet: true },
  { kind: "model", text: "Gaussians at the probe (text)", ending: ".txt", ofSet: false },
  { kind: "model", text: "Gaussians at the probe (PDB)", ending: ".pdb", ofSet: false },
  { kind: "density", text: "Density at the probe (MRC)", ending: ".mrc", ofSet: false },
  { kind: "page", text: "Interactive page (HTML)", ending: ".html", ofSet: false },
];

/** Suggested names of files that are not of a set, where they are not the kind itself. */
const names: Partial<Record<ExportKind, string>> = { model: "gaussians", page: "motion" };

/** Fields of the export form. A file name is suggested until the user types one. */
export class ExportFormModel {
  open = false;
  overwrite = false;
  private choiceIndex = 0;
  private typed: string | undefined;

  /**
   * @param folder returns the folder for suggestions, relative to the kernel's; empty: the kernel's folder
   * @param tickedSet returns the only ticked set; undefined unless exactly one is ticked
   */
  constructor(
    private readonly folder: () => string,
    private readonly tickedSet: () => SetState | undefined,
  ) {}

  /** The chosen kind of file. */
  get choice(): ExportChoice {
    return exportChoices[this.choiceIndex]!;
  }

  /** Path of the file, typed or suggested. */
  get file(): string {
    return this.typed ?? this.suggestion();
  }

  /** Selects an entry of `exportChoices` and suggests a new file name. */
  choose(index: number): void {
    this.choiceIndex = index;
    this.typed = undefined;
  }

  /** Updates the typed path. */
  typeFile(file: string): void {
    this.typed = file;
  }

  /** Called on blur: suggests a name again if the field is empty. */
  leaveFile(): void {
    if (this.typed === "") this.typed = undefined;
  }

  /** The request to write the file, or undefined if the choice needs a set and none is ticked alone. */
  request(): Extract<ExplorerRequest, { kind: "export" }> | undefined {
    const { choice, file, overwrite } = this;
    const set = choice.ofSet ? this.tickedSet() : undefined;
    if (choice.ofSet && !set) return undefined;
    return { kind: "export", what: choice.kind, file, overwrite, ...(set ? { set: set.id } : {}) };
  }

  private suggestion(): string {
    const { kind, ending, ofSet } = this.choice;
    const name = ofSet ? (this.tickedSet()?.name ?? "set") : (names[kind] ?? kind);
    const folder = this.folder().replace(/\/+$/, "");
    return `${folder === "" ? "" : `${folder}/`}${fileNameOf(name)}${ending}`;
  }
}
