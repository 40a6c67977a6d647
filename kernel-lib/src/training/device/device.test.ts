import { afterAll, beforeAll } from "vitest";
import { useBackend } from "../../compute/backends";
import { TensorEngine } from "../../projection/tensor";
import { WasmEngine } from "../../projection/wasm";
import { testDevice } from "./deviceCases.test.helper";

const wasm = new WasmEngine({ threads: 1 });
let tensor: TensorEngine;
beforeAll(async () => {
  await useBackend("wasm");
  tensor = new TensorEngine();
});
afterAll(async () => {
  await Promise.all([wasm.dispose(), tensor.dispose()]);
});

testDevice(() => wasm, "WebAssembly");
testDevice(() => tensor, "TensorFlow.js");
