import {
  cheapestSpread,
  type PlanInput,
  roomForRounding,
  type SpreadPlan,
  transformCost,
} from "./spreadPlan";

/**
 * How the WebAssembly engine computes a batch: by separable factors, or by spreading on a grid with a fast Fourier
 * transform for each class of widths. Both give the same results; which is faster depends on N, on the rings, and on the
 * widths of the Gaussians.
 */
export type Plan = { method: "separable" } | SpreadPlan;

/** Grids: multiples of 8 whose only prime factors are 2 and 3. */
const grids: readonly number[] = [
  16, 24, 32, 48, 64, 72, 96, 128, 144, 192, 216, 256, 288, 384, 432, 512, 576, 768, 864, 1024,
];

/** The cheapest plan, by a model of the cost in cycles fitted to measured times (see BENCHMARKS.md). */
export function choosePlan(input: PlanInput): Plan {
  return cheapestBelow(separableCost(input), input) ?? { method: "separable" };
}

/** The cheapest plan with a grid; undefined if no grid is suitable, since widths differ too much or are not valid. */
export function chooseSpread(input: PlanInput): SpreadPlan | undefined {
  return cheapestBelow(Number.POSITIVE_INFINITY, input);
}

/** The cheapest plan with a grid that costs less than `cost`. */
function cheapestBelow(cost: number, input: PlanInput): SpreadPlan | undefined {
  let best: SpreadPlan | undefined;
  const room = roomForRounding(input);
  for (const grid of grids) {
    // From here on the transforms alone cost more.
    if (transformCost(grid, input.rings) > cost) break;
    const found = cheapestSpread(grid, input, room);
    if (found && found.cost < cost) [cost, best] = [found.cost, found.plan];
  }
  return best;
}

function separableCost({ gaussians, rings }: PlanInput): number {
  return gaussians * (rings + 1) * (61 + 1.7 * (rings + 1));
}

/** The table of a plan that the WebAssembly module reads: see `plan` in assembly/job.ts. */
export function planTable(plan: SpreadPlan, boxSize: number, rings: number): Float32Array {
  const stride = rings + 3;
  const table = new Float32Array(1 + plan.classes.length * stride);
  table[0] = plan.radius;
  for (const [c, { from, extra }] of plan.classes.entries()) {
    const at = 1 + c * stride;
    table[at] = from;
    table[at + 1] = extra;
    for (let k = 0; k <= rings; k++) {
      table[at + 2 + k] = Math.exp((2 * Math.PI ** 2 * extra * k * k) / boxSize ** 2);
    }
  }
  return table;
}
