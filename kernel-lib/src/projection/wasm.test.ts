import { after, test } from "node:test";
import { examples, expectAgreement } from "./agreement";
import { spreadPlan } from "./plan";
import { WasmEngine } from "./wasm";

const separable = new WasmEngine({ threads: 2, plan: () => ({ method: "separable" }) });
const chosen = new WasmEngine({ threads: 2 });
after(() => Promise.all([separable, chosen].map((engine) => engine.dispose())));

for (const options of examples) {
  test(`separable factors agree with the reference: ${JSON.stringify(options)}`, () =>
    expectAgreement(separable, options));
  test(`the chosen formulation agrees with the reference: ${JSON.stringify(options)}`, () =>
    expectAgreement(chosen, options));
  for (const grid of [16, 24, 32, 48, 64, 72, 96, 128, 144, 192, 256]) {
    test(`spreading on a grid of ${grid} agrees with the reference: ${JSON.stringify(options)}`, async (t) => {
      let possible = true;
      const engine = new WasmEngine({
        threads: 1,
        plan: (_, boxSize, rings, sigma) => {
          const plan = spreadPlan(grid, boxSize, rings, sigma);
          possible = plan !== undefined;
          return plan ?? { method: "separable" };
        },
      });
      await expectAgreement(engine, options);
      if (!possible) t.skip("this grid is too small for these widths");
      await engine.dispose();
    });
  }
}
