import { infoOf, isSoftwareAdapter } from "../dawn";

/**
 * How the threads of a product share the inputs: `memory` by workgroup memory, on every GPU, `subgroups` by the registers of their
 * subgroup. Both take sums in the same order.
 */
export type ProductForm = "memory" | "subgroups";

/** The GPU's own clock. */
export const clock = "timestamp-query";
/** Threads of a subgroup exchange registers. */
export const subgroups = "subgroups";

/**
 * Features that are used where an adapter has them. Matrices of subgroups (`chromium-experimental-subgroup-matrix`) are not used: in
 * Dawn they are an unsafe API that has to be unlocked, most GPUs multiply only 16-bit numbers with them, and no software adapter has
 * them, so that such a kernel could not be tested against the plain one.
 */
const wanted = [clock, subgroups] as const;

/** The features to ask an adapter for. */
export const featuresOf = (adapter: GPUAdapter): GPUFeatureName[] =>
  // The types that come with Node do not know all of them.
  wanted.filter((name) => adapter.features.has(name)) as GPUFeatureName[];

/**
 * The form of products for an adapter. NVIDIA's GPUs exchange registers by the unit that also reads workgroup memory, where one read
 * brings four numbers to all threads: subgroups cannot be faster. Software adapters, which are for tests, use what most cards use, although
 * subgroups are faster there.
 */
export function productFormOf(adapter: GPUAdapter): ProductForm {
  const isBetter = !isSoftwareAdapter(adapter) && !/nvidia/i.test(infoOf(adapter).vendor ?? "");
  return adapter.features.has(subgroups) && isBetter ? "subgroups" : "memory";
}
