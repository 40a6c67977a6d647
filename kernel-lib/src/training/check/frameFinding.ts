import { ringsOfBox, ringsWithin } from "../../fourier/trainingBox";
import { boxLengthOf, type GaussianModel, Row } from "../../model/gaussianModel";
import type { ParticleSet } from "../../particles/particleSet";
import { prepareTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import { chooseEngine, type EngineChoice } from "../../projection/engines";
import { judgeAgreement } from "../agreement/agreement";
import { defaultMemoryBudget } from "../memory";
import { neutralFrc } from "../neutralFrc";
import { someParticles } from "../someParticles";
import type { Finding } from "./checkedInputs";

/** What is compared. */
export interface FrameInputs extends TaskOptions {
  set: ParticleSet;
  neutral: GaussianModel;
  /** Most particles that are compared. */
  sample: number;
  /** Finest detail to compare, in Å. Default: all that the box of the model holds. */
  resolution?: number | undefined;
  engine?: EngineChoice | undefined;
}

/** Particles that are compared with each of the maps that are turned over, at most. */
const mostTurnedOver = 200;
/** Standard errors from which one frame agrees better than another. */
const significant = 4;

/** Ways in which a map can be turned over in its box, as signs of x, y and z; an odd number of minus signs changes the hand. */
const waysOver = [
  { signs: [-1, 1, 1], name: "mirrored along x" },
  { signs: [1, -1, 1], name: "mirrored along y" },
  { signs: [1, 1, -1], name: "mirrored along z" },
  { signs: [-1, -1, -1], name: "inverted through its centre" },
  { signs: [1, -1, -1], name: "turned by 180° about x" },
  { signs: [-1, 1, -1], name: "turned by 180° about y" },
  { signs: [-1, -1, 1], name: "turned by 180° about z" },
] as const;

/** Mean FRC of particles with a model. */
interface Agreed {
  frc: number;
  standardError: number;
}

function isBetter(one: Agreed, other: Agreed): boolean {
  return one.frc - other.frc > significant * Math.hypot(one.standardError, other.standardError);
}

/**
 * Whether particles agree better with the map turned over: other programs mirror along another axis, which is also a turn of the frame.
 * All are compared on the same particles, whose images are read once.
 * @returns undefined if they agree with it in no frame, or its mirror images cannot be compared
 */
export async function frameFinding({
  set,
  neutral,
  sample,
  resolution,
  engine: choice,
  signal,
  onProgress,
}: FrameInputs): Promise<Finding | undefined> {
  const { boxSize } = neutral;
  const rings =
    resolution === undefined ? ringsOfBox(boxSize) : ringsWithin(boxLengthOf(neutral), resolution, boxSize);
  const task = { ...(signal && { signal }) };
  const threads = choice?.threads;
  const few = someParticles(set, Math.min(sample, mostTurnedOver)).originals();
  const { engine } = await chooseEngine({ engine: "wasm", ...choice });
  try {
    const targets = await prepareTargets(few, {
      ...{ boxSize, rings, memoryBudget: defaultMemoryBudget() / 2 },
      ...(threads !== undefined && { threads }),
      ...task,
    });
    try {
      const { count, ctfPower, particleOf } = targets;
      const agreementWith = async (model: GaussianModel): Promise<Agreed | undefined> => {
        const frc = await neutralFrc({ targets, neutral: model, engine }, task);
        const { verdict, ...agreed } = judgeAgreement({ count, rings, frc, ctfPower, particleOf });
        return verdict === "agrees" ? agreed : undefined;
      };
      const asIs = await agreementWith(neutral);
      const others: Turned[] = [];
      for (const [i, { signs, name }] of waysOver.entries()) {
        const agreed = await agreementWith(turnedOver(neutral, signs));
        if (agreed) others.push({ name, isMirror: signs[0] * signs[1] * signs[2] < 0, agreed });
        onProgress?.({ task: "maps turned over", done: i + 1, total: waysOver.length });
      }
      return findingOf(asIs, others);
    } finally {
      await targets.dispose();
    }
  } finally {
    engine.dispose();
  }
}

/** A way to turn the map over in which the particles agree with it. */
interface Turned {
  name: string;
  isMirror: boolean;
  agreed: Agreed;
}

function findingOf(asIs: Agreed | undefined, others: Turned[]): Finding | undefined {
  others.sort((one, other) => other.agreed.frc - one.agreed.frc);
  const [best] = others;
  if (!best) return undefined;
  const number = ({ frc }: Agreed) => frc.toFixed(3);
  if (!asIs || isBetter(best.agreed, asIs)) {
    const { name, isMirror, agreed } = best;
    const but = `the particles agree better with the map ${name} (mean FRC ${number(agreed)}${asIs ? ` instead of ${number(asIs)}` : ""})`;
    const advice = "use the map that the poses were refined against";
    if (!isMirror) {
      return {
        ...{ topic: "frame", status: "error" },
        sentence: `${but}: map and poses are in different frames; ${advice}`,
      };
    }
    return {
      ...{ topic: "hand", status: "error" },
      sentence: `${but}: the map has the other hand than the poses, or lies otherwise in its box; ${advice}, or turn its hand (relion_image_handler --invert_hand mirrors along x)`,
    };
  }
  const mirrored = others.find(({ isMirror }) => isMirror);
  if (!mirrored) return undefined;
  const [own, its] = [number(asIs), number(mirrored.agreed)];
  return {
    ...{ topic: "hand", status: "ok" },
    sentence: isBetter(asIs, mirrored.agreed)
      ? `the particles agree better with the map than with its mirror images (mean FRC ${own}, ${its} or less)`
      : `the particles agree as well with the map ${mirrored.name} (mean FRC ${own}, ${its}), which does not show its hand at this resolution`,
  };
}

/** The model with the signs of its coordinates changed. */
function turnedOver(model: GaussianModel, signs: readonly [number, number, number]): GaussianModel {
  const params = model.params.slice();
  for (const [axis, sign] of signs.entries()) {
    const row = (Row.x + axis) * model.count;
    for (let i = row; i < row + model.count; i++) params[i]! *= sign;
  }
  return { ...model, params };
}
