import type { Progress } from "../progress";
import { serveCalls } from "../workerCalls";
import { type LocalResolution, type LocalResolutionRequest, resolveBands } from "./localResolution";

/** The program of the thread that finds local resolutions. */

serveCalls<LocalResolutionRequest, LocalResolution, Progress>((request, { signal, emit }) =>
  resolveBands(request, { signal, onProgress: emit }),
);
