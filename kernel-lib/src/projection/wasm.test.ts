import { after, test } from "node:test";
import { examples, expectAgreement } from "./agreement";
import { WasmEngine } from "./wasm";

const engine = new WasmEngine({ threads: 2 });
after(() => engine.dispose());

for (const options of examples) {
  test(`agrees with the reference: ${JSON.stringify(options)}`, () => expectAgreement(engine, options));
}
