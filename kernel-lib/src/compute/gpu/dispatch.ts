/** Workgroups along x, y and z. */
export type Workgroups = readonly [number, number, number];

/** A buffer, or a part of one, that a kernel uses. */
export type BoundBuffer = GPUBuffer | GPUBufferBinding;

/** A kernel, its sizes and its buffers. */
export interface DispatchSpec {
  /** Files of `shaders/`, without extension, that are joined to one program. */
  files: readonly string[];
  /** Values of its override constants. */
  constants: Record<string, number>;
  /** Buffers in the order of their bindings; undefined for bindings that the kernel does not have. */
  buffers: readonly (BoundBuffer | undefined)[];
  /** Workgroups for a number of particles. */
  groups: (count: number) => Workgroups;
}

/** What a compute pass begins with: numbers that are copied from one buffer to another before its kernels run. */
export interface PassInput {
  from: GPUBuffer;
  /** Byte of the first number. */
  at: number;
  bytes: number;
  to: GPUBuffer;
}

/** Kernels that run one after another for a number of particles. */
export interface Pass {
  dispatches: readonly Dispatch[];
  count: number;
  /** Default: nothing is copied. */
  input?: PassInput | undefined;
}

/** A kernel with its buffers, ready to run. */
export class Dispatch {
  constructor(
    /** Files of the kernel, joined by a plus. */
    readonly name: string,
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

/** Entries of a bind group, without the bindings that a kernel does not have. */
export function bindGroupEntries(buffers: DispatchSpec["buffers"]): GPUBindGroupEntry[] {
  return buffers.flatMap((bound, binding) => {
    if (!bound) return [];
    return [{ binding, resource: "buffer" in bound ? bound : { buffer: bound } }];
  });
}
