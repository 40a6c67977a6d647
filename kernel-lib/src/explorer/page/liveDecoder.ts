import { unpackValues } from "../../packedValues";
import { type PackedDecoder, unpackDecoder } from "../../training/runs/packedDecoder";
import type { RunDecoder } from "../../training/runs/runDecoder";
import { along, nearestWithCoordinates } from "../latentScatter/latentGeometry";
import type { AxisFormula, ProbeTarget } from "../latentScatter/state";

/** Decodes in a page what its probe is dragged to. Nothing here depends on Node. */
export class LiveDecoder {
  constructor(private readonly decoder: RunDecoder) {}

  /** Dimensions of the latent space. */
  get latent(): number {
    return this.decoder.latent;
  }

  /** Parameters of the Gaussians at a latent vector, [5N]. */
  decode(z: readonly number[]): Float32Array {
    return this.decoder.decode(z).params;
  }

  /** Releases what it holds. */
  close(): void {
    this.decoder.close();
  }
}

/**
 * The latent vector to which a probe at `from` is dragged, as the kernel finds it.
 * @param formulas of linear axes, by their names
 * @returns undefined if one of the axes is not linear, which only the kernel knows
 */
export function draggedTo(
  target: ProbeTarget,
  from: readonly number[],
  formulas: Readonly<Record<string, AxisFormula>>,
): number[] | undefined {
  const targets = Object.entries(target).map(([name, value]) => ({ axis: axisOf(formulas, name), value }));
  if (targets.length === 0) return undefined;
  const known = targets.flatMap(({ axis, value }) =>
    axis && Number.isFinite(value) ? [{ axis, value }] : [],
  );
  return known.length === targets.length ? nearestWithCoordinates(from, known) : undefined;
}

/** Coordinates of a latent vector along axes; those that are not linear stay as they are. */
export function placeAlong(
  z: readonly number[],
  names: readonly string[],
  formulas: Readonly<Record<string, AxisFormula>>,
  before: readonly number[],
): number[] {
  return names.map((name, i) => {
    const axis = axisOf(formulas, name);
    return axis ? along(axis, z) : (before[i] ?? 0);
  });
}

function axisOf(formulas: Readonly<Record<string, AxisFormula>>, name: string) {
  const formula = Object.hasOwn(formulas, name) ? formulas[name] : undefined;
  return formula && { weights: Float64Array.from(formula.weights), offset: formula.offset };
}

interface WasmInterface {
  compile(bytes: Uint8Array): Promise<object>;
}

/**
 * The decoder that the kernel has packed for a page.
 * @throws Error where WebAssembly with SIMD is missing or forbidden
 */
export async function openDecoder(bytes: Uint8Array): Promise<LiveDecoder> {
  const { decoder, networks } = unpackValues(bytes) as { decoder: PackedDecoder; networks: Uint8Array };
  const { compile } = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;
  return new LiveDecoder(unpackDecoder(decoder, await compile(networks)));
}
