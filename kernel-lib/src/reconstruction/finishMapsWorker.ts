import { serveCalls } from "../workerCalls";
import { finishHere, type MapsToFinish } from "./finishMaps";
import type { FscCurve } from "./fsc";

/** The program of the worker thread of `finishMaps`. */

serveCalls<MapsToFinish, FscCurve | undefined>(finishHere);
