import type { ProjectionEngine } from "../../projection/engine";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { GpuTrainingDevice } from "../gpu/gpuTrainingDevice";
import type { TrainingDevice } from "./device";
import { EngineDevice } from "./engineDevice";

/** Devices that are in use; a device's memory ends with its engine. */
const devices = new WeakMap<ProjectionEngine, TrainingDevice>();

/** The device of an engine: the GPU itself for `webgpu`, else the CPU's networks with the engine's projections. */
export function deviceOf(engine: ProjectionEngine): TrainingDevice {
  let device = devices.get(engine);
  if (!device) {
    device = engine instanceof GpuEngine ? new GpuTrainingDevice(engine) : new EngineDevice(engine);
    devices.set(engine, device);
  }
  return device;
}
