import type { AxisRoles } from "../../network/decoder";
import type { EvidenceGain } from "../evidence/evidence";
import type { InheritedAxes } from "../runs/lineage";

/** A gain below so many standard errors is none. */
const errors = 2;

/** What a survey found, as in its record. */
interface Found {
  latent: number;
  roles: AxisRoles;
  /** Empty where axes can change one kind only. */
  kinds: readonly object[];
  axes: readonly EvidenceGain[];
}

/** Axes that a second round has from the first, and what becomes of them. */
export interface EarlierAxes {
  axes: number;
  are: InheritedAxes;
}

/**
 * The result of a survey in a sentence.
 * @param beside axes that there are already, in a second round. Default: none
 */
export function surveySentence({ latent, roles, kinds, axes }: Found, beside?: EarlierAxes): string {
  const first = axes[0];
  const what = (number: string, noun: string) => `${number}${beside ? " new" : ""} ${noun}`;
  const count = latent === 1 ? what("one", "axis") : what(String(latent), "axes");
  const gets = `the latent space gets ${count}${beside ? ` beside ${besideText(beside)}` : ""}`;
  if (latent === 1 && first && first.gain <= errors * first.standardError) {
    const over = beside ? "these alone" : "one model for all";
    return `${gets}, although in a short survey none explains held-out particles better than ${over}`;
  }
  const names = Array.from({ length: latent }, (_, d) => {
    const [moves, changes] = [roles.position.includes(d), roles.density.includes(d)];
    return moves && changes ? "conformation and composition" : moves ? "conformation" : "composition";
  });
  // Training orders the axes anew, so that their numbers would mean nothing here.
  const counted = [...new Set(names.sort().reverse())].map(
    (name) => `${names.filter((other) => other === name).length} of ${name}`,
  );
  const changes = kinds.length > 0 ? `: ${(latent === 1 ? names : counted).join(", ")}` : "";
  return `${gets}${changes}; more explain held-out particles no better`;
}

/** Axes of the first round, such as `2 that stay fixed`. */
function besideText({ axes, are }: EarlierAxes): string {
  if (are === "kept") return axes === 1 ? "1 that goes on" : `${axes} that go on`;
  return axes === 1 ? "1 that stays fixed" : `${axes} that stay fixed`;
}
