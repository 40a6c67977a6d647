import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import type { HalfTestContext } from "../evidence/halfTest";
import { particlesPerPass } from "../memory";
import type { PlaceDecoder } from "../posterior/decoders";
import { HalfSamples } from "../posterior/halfSamples";
import { PlaceLikelihood } from "../posterior/likelihood";
import type { MeasuredNumbers } from "./normalEquations";

/** Points that follow from one half of the samples. */
export interface PointsOfHalf {
  /** The half that they follow from, 0 or 1. */
  from: number;
  /** [n · latent of the decoder] */
  points: Float32Array;
}

/** Measures in one half of the Fourier samples what was inferred from the other. */
export class OtherHalf {
  private readonly halves: HalfSamples[];

  constructor(private readonly context: HalfTestContext) {
    const { targets, block } = context;
    this.halves = (["even", "odd"] as const).map((half) => new HalfSamples(targets.rings, half, block));
  }

  /** Slope and curvature of the log-likelihood of the other half at the points, in the numbers of the decoder from `first` on. */
  async measure(
    decoder: PlaceDecoder,
    { from, points }: PointsOfHalf,
    { signal, first = 0 }: Pick<TaskOptions, "signal"> & { first?: number },
  ): Promise<MeasuredNumbers> {
    const { particles, ...context } = this.context;
    const likelihood = new PlaceLikelihood({ ...context, decoder, half: this.halves[1 - from]! });
    const { latent } = decoder;
    const width = latent - first;
    const n = particles.length;
    const found = {
      width,
      points: new Float64Array(n * width),
      gradient: new Float64Array(n * width),
      curvature: new Float64Array(n * width * width),
    };
    const size = particlesPerPass(context.neutral.count * likelihood.modelsPerParticle);
    for (let start = 0; start < n; start += size) {
      throwIfStopped(signal);
      const part = particles.slice(start, start + size);
      const own = points.subarray(start * latent, (start + part.length) * latent);
      const { gradient, curvature } = await likelihood.local(part, own);
      for (let b = 0; b < part.length; b++) {
        for (let x = 0; x < width; x++) {
          const [to, at] = [(start + b) * width + x, b * latent + first + x];
          found.points[to] = own[at]!;
          found.gradient[to] = gradient[at]!;
          found.curvature.set(curvature.subarray(at * latent + first, (at + 1) * latent), to * width);
        }
      }
    }
    return found;
  }
}
