import type { AxisRoles } from "../../network/decoder";
import type { EvidenceGain } from "../evidence/evidence";

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

/** The result of a survey in a sentence. */
export function surveySentence({ latent, roles, kinds, axes }: Found): string {
  const first = axes[0];
  if (latent === 1 && first && first.gain <= errors * first.standardError) {
    return "the latent space gets one axis, although in a short survey none explains held-out particles better than one model for all";
  }
  const names = Array.from({ length: latent }, (_, d) => {
    const [moves, changes] = [roles.position.includes(d), roles.density.includes(d)];
    return moves && changes ? "conformation and composition" : moves ? "conformation" : "composition";
  });
  // Training orders the axes anew, so that their numbers would mean nothing here.
  const counted = [...new Set(names.sort().reverse())].map(
    (name) => `${names.filter((other) => other === name).length} of ${name}`,
  );
  const count = latent === 1 ? "one axis" : `${latent} axes`;
  const what = kinds.length > 0 ? `: ${(latent === 1 ? names : counted).join(", ")}` : "";
  return `the latent space gets ${count}${what}; more explain held-out particles no better`;
}
