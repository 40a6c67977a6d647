import type { ExplorerRequest, ExportKind, SetState } from "e2gmm/messages/explorer";
import { fileNameOf } from "./fileNames.js";

/** A kind of file that can be exported. */
export interface ExportChoice {
  kind: ExportKind;
  text: string;
  /** Ending of the file, which also tells the kernel the format. */
  ending: string;
  /** Whether it is of the ticked set, or of the state at the probe. */
  ofSet: boolean;
}

/** What can be written, in the order in which it is offered. */
export const exportChoices: readonly ExportChoice[] = [
  { kind: "particles", text: "Particles of the ticked set (STAR)", ending: ".star", ofSet: true },
  { kind: "map", text: "Map of the ticked set, half maps, FSC (MRC)", ending: ".mrc", ofSet: true },
  { kind: "model", text: "Gaussians at the probe (text)", ending: ".txt", ofSet: false },
  { kind: "model", text: "Gaussians at the probe (PDB)", ending: ".pdb", ofSet: false },
  { kind: "density", text: "Density at the probe (MRC)", ending: ".mrc", ofSet: false },
];

/** Fields of the export form. A file name is suggested until the user types one. */
export class ExportFormModel {
  open = false;
  overwrite = false;
  private choiceIndex = 0;
  private typed: string | undefined;

  /**
   * @param folder gives the folder for suggestions, relative to the kernel's; empty: that folder itself
   * @param tickedSet gives the only ticked set; undefined unless exactly one is ticked
   */
  constructor(
    private readonly folder: () => string,
    private readonly tickedSet: () => SetState | undefined,
  ) {}

  /** The kind of file that is chosen. */
  get choice(): ExportChoice {
    return exportChoices[this.choiceIndex]!;
  }

  /** Path of the file: as typed, else as suggested. */
  get file(): string {
    return this.typed ?? this.suggestion();
  }

  /** Takes another entry of `exportChoices`; the file name is suggested anew. */
  choose(index: number): void {
    this.choiceIndex = index;
    this.typed = undefined;
  }

  /** Takes over a typed path. */
  typeFile(file: string): void {
    this.typed = file;
  }

  /** Called when the user leaves the field: an empty one is filled again. */
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
    const name = ofSet ? (this.tickedSet()?.name ?? "set") : kind === "model" ? "gaussians" : "density";
    const folder = this.folder().replace(/\/+$/, "");
    return `${folder === "" ? "" : `${folder}/`}${fileNameOf(name)}${ending}`;
  }
}
