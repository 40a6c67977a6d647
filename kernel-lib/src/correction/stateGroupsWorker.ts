import type { Progress } from "../progress";
import { serveCalls } from "../workerCalls";
import { type StateHalf, type StateTask, stateGroups } from "./stateGroups";

/** The program of the threads of `carriedHalves`. */

serveCalls<StateTask, StateHalf, Progress>((task, { signal, emit }) =>
  stateGroups(task, { signal, onProgress: emit }),
);
