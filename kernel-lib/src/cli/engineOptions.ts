import type { Option } from "commander";
import type { EngineChoice, EngineName } from "../projection/engines";
import { engineOption, numberOption, threadsOption } from "./options";

/** Parsed options that choose what a command computes with. */
export interface EngineOptions {
  engine: EngineName | "auto";
  threads?: number;
  gpu?: number;
}

/** `--engine`, `--gpu` and `--threads`. @param threads what the threads are for */
export function engineOptions(threads: string): Option[] {
  return [
    engineOption("the faster of wasm and the GPU in a short trial; wasm without a GPU"),
    numberOption(
      "--gpu <n>",
      "number of the GPU, as listed by e2gmm backends (default: E2GMM_GPU, else the one for high performance)",
      { integer: true, least: 0 },
    ),
    threadsOption(threads),
  ];
}

/** The library's choice of an engine. */
export function engineChoice({ engine, threads, gpu }: EngineOptions): EngineChoice {
  return { engine, ...(threads !== undefined && { threads }), ...(gpu !== undefined && { gpu }) };
}
