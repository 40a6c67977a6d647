import type { ProjectionEngine } from "./engine";
import { ReferenceEngine } from "./reference";
import { WasmEngine, type WasmEngineOptions } from "./wasm";

export interface EngineChoice extends WasmEngineOptions {
  /** `reference` is slow and exact. Default `auto`: the fastest that this machine has. */
  engine?: "auto" | "wasm" | "reference";
}

/** A projection engine, to be disposed of by the caller. */
export async function createEngine(options: EngineChoice = {}): Promise<ProjectionEngine> {
  if (options.engine === "reference") return new ReferenceEngine();
  return new WasmEngine(options);
}
