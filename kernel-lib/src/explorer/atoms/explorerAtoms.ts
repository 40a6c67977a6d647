import { atomAgreement } from "../../atoms/agreement";
import { readAtoms } from "../../atoms/readAtoms";
import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import type { ExplorerParts } from "../explorerParts";
import { type AtomState, atomStates } from "./atomState";

/** An atomic model that is shown, and how well it lies in the density of its state. */
export interface ShownAtoms {
  /** Residues with Cα or P, which are drawn. */
  residues: number;
  /** Correlation of the densities, 0 to 1. */
  correlation: number;
  /** Fraction of the atoms where the Gaussians have hardly any density. */
  outside: number;
}

/**
 * Shows an atomic model over the Gaussians of an explorer, carried along their motion.
 * @example
 * ```ts
 * const explorer = await e2.explore("RUN");
 * const { correlation, outside } = await explorer.atoms.show("start.pdb");
 * console.log(correlation, outside);
 * explorer.atoms.hide();
 * explorer.close();
 * ```
 */
export class ExplorerAtoms {
  /** @internal */
  constructor(
    private readonly parts: Pick<ExplorerParts, "explored" | "viewer">,
    private readonly atProbe: () => GaussianModel,
  ) {}

  /**
   * Shows the backbone of an atomic model, which follows the Gaussians from the state in which it lies.
   * @param file PDB or mmCIF file, fitted into the map that the model of Gaussians was made from
   * @param state default `neutral`
   * @throws InputError for a file that cannot be read or has no backbone, and for atoms that are not where the Gaussians are
   */
  async show(file: string, state: AtomState = "neutral"): Promise<ShownAtoms> {
    if (!atomStates.includes(state))
      throw new InputError("state", atomStates.join(" or "), JSON.stringify(state));
    const model = await readAtoms(file);
    const { explored, viewer } = this.parts;
    const gaussians = state === "neutral" ? explored.neutral : this.atProbe();
    const { correlation, outside } = atomAgreement(model, gaussians);
    viewer.setAtoms(model, gaussians);
    return { residues: viewer.atoms.length / 3, correlation, outside };
  }

  /** Removes the atomic model. */
  hide(): void {
    this.parts.viewer.setAtoms(null);
  }
}

/** What was shown, as a sentence. @param file as it was given */
export function shownAtomsText(
  file: string,
  state: AtomState,
  { residues, correlation, outside }: ShownAtoms,
): string {
  const where = state === "neutral" ? "neutral model" : "state at the ring";
  const percent = 100 * outside;
  const lost = percent >= 1 ? `; ${percent.toFixed(0)} % of its atoms lie outside` : "";
  return `${file}: ${residues} residues, correlation ${correlation.toFixed(2)} with the ${where}${lost}`;
}
