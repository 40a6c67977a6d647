/** Workgroups along x, y and z. */
export type Workgroups = readonly [number, number, number];

/** A kernel, its sizes and its buffers. */
export interface DispatchSpec {
  /** Files of `shaders/`, without extension, that are joined to one program. */
  files: readonly string[];
  /** Values of its override constants. */
  constants: Record<string, number>;
  /** Buffers in the order of their bindings. */
  buffers: readonly GPUBuffer[];
  /** Workgroups for a number of particles. */
  groups: (count: number) => Workgroups;
}

/** A kernel with its buffers, ready to run. */
export class Dispatch {
  constructor(
    private readonly pipeline: GPUComputePipeline,
    private readonly bindGroup: GPUBindGroup,
    private readonly groups: (count: number) => Workgroups,
  ) {}

  /** Adds the kernel for a number of particles to a pass. */
  record(pass: GPUComputePassEncoder, count: number): void {
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.bindGroup);
    pass.dispatchWorkgroups(...this.groups(count));
  }
}
