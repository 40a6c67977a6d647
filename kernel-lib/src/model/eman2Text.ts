import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { emptyModel, type GaussianModel, withOrigin } from "./gaussianModel";
import {
  checkApix,
  checkBoxSize,
  checkGaussian,
  type ModelBox,
  readTextFile,
  requireFiniteModel,
} from "./modelFileChecks";
import { float32Text } from "./text";

/*
 * Gaussian models as text of EMAN2's e2gmm (programs/e2gmm_refine_new.py): `x y z amplitude sigma` per line, without header. Centres are
 * in box units with the signs of y and z inverted; the transform of a Gaussian is amplitude · exp(−sigma · k² / 1000), k in Fourier
 * pixels of the box. Ours is A (2π)^{3/2} σ³ exp(−2π² σ² k² / S²), σ in pixels of the box of size S.
 */

/** sigma of EMAN2 for σ in units of the box. */
const sigmaFactor = 2000 * Math.PI ** 2;
const volumeFactor = (2 * Math.PI) ** 1.5;
/** Comment with the factor of amplitudes, which EMAN2 skips. */
const scaleComment = "# e2gmm amplitude_scale";

/**
 * Reads a model of EMAN2's e2gmm. Its amplitudes have no unit: those of a file that {@link writeEman2Text} wrote come back as they
 * were, others as they stand.
 * @param box box size in pixels, pixel size and origin of the model, which the file does not have
 * @throws InputError naming the line: not five numbers, a sigma that is not positive, a centre outside box units
 * @example
 * ```ts no-run
 * const model = await e2.model.readEman2Text("gmm_00/model_gmm.txt", { boxSize: 128, apix: 2.1 });
 * ```
 */
export async function readEman2Text(file: string, box: ModelBox): Promise<GaussianModel> {
  const boxSize = checkBoxSize(box.boxSize, "boxSize", String(box.boxSize));
  const apix = checkApix(box.apix, "apix", String(box.apix));
  const text = await readTextFile(file, "a readable text file of Gaussians");
  const rows: number[][] = [];
  let scale = 1;
  for (const [i, line] of text.split(/\r\n|\n|\r/).entries()) {
    const where = `${file}: line ${i + 1}`;
    if (line.startsWith(scaleComment)) {
      scale = Number(line.slice(scaleComment.length));
      if (!(scale > 0 && Number.isFinite(scale))) throw new InputError(where, "a factor above 0", line);
    }
    const fields = line
      .replace(/#.*/, "")
      .trim()
      .split(/[\s,]+/);
    if (fields[0] === "") continue;
    // A model of atoms (e2gmm_model_fit.py) has no more columns.
    if (fields.length !== 5)
      throw new InputError(where, "five numbers, x y z amplitude sigma", line.slice(0, 60));
    rows.push(checkGaussian(fields.map(Number), where, fields));
  }
  if (rows.length === 0) throw new InputError(file, "at least one Gaussian", "none");
  const model = { ...emptyModel(rows.length, boxSize, apix), ...withOrigin(box.origin) };
  const { params, count } = model;
  for (const [i, [x, y, z, amplitude, sigma]] of rows.entries()) {
    const width = boxSize * Math.sqrt(sigma! / sigmaFactor);
    const own = [x!, -y!, -z!, amplitude! / (scale * volumeFactor * width ** 3), width];
    for (const [row, value] of own.entries()) params[row * count + i] = value;
  }
  return model;
}

/**
 * Writes a model as text for EMAN2's e2gmm, amplitudes scaled so that the largest is 1. Box size and pixel size are in comments,
 * which EMAN2 skips; it takes those of its particles.
 * @throws InputError if a number of the model is not finite
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * await e2.model.writeEman2Text("neutral_eman2.txt", model);
 * ```
 */
export async function writeEman2Text(file: string, model: GaussianModel): Promise<void> {
  requireFiniteModel(model, file);
  const { count, params, boxSize, apix } = model;
  const at = (row: number, i: number) => params[row * count + i]!;
  const amplitudes = Float64Array.from({ length: count }, (_, i) => at(3, i) * volumeFactor * at(4, i) ** 3);
  const largest = amplitudes.reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  const scale = largest > 0 ? 1 / largest : 1;
  const lines = [
    `# Gaussian model for e2gmm of EMAN2: x y z amplitude sigma; box ${boxSize} pixels of ${apix} Å`,
    `${scaleComment} ${scale}`,
  ];
  for (let i = 0; i < count; i++) {
    const sigma = sigmaFactor * (at(4, i) / boxSize) ** 2;
    const numbers = [at(0, i), -at(1, i), -at(2, i), scale * amplitudes[i]!, sigma];
    lines.push(numbers.map((x) => float32Text(Math.fround(x))).join(" "));
  }
  await writeAtomic(file, `${lines.join("\n")}\n`);
}
