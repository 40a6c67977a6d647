/** TensorFlow.js backends: which there are, which is in use, how fast they are. */
export {
  type BackendInUse,
  type BackendName,
  type BackendReport,
  backendNames,
  listBackends,
  measureMatmul,
  useBackend,
} from "./backends";
