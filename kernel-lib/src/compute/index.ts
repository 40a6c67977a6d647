/** Computing: GPUs, and TensorFlow.js backends: which there are, which is in use, how fast they are. */
export { type GpuAdapter, listGpus } from "./adapters";
export {
  type BackendInUse,
  type BackendName,
  type BackendReport,
  backendNames,
  listBackends,
  measureMatmul,
  useBackend,
} from "./backends";
