// Memory of projection by spreading: the grid, its transforms, and its margins. See spread.ts.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { padded } from "./pose";

// Scratch: the grid with margins to the right and below for Gaussians that cross its border; half its transform along y, in
// tiles of four ky; two buffers; the kernel of one Gaussian along x and y; the placement of the Gaussians.

/** Bytes from one row of the grid to the next. */
export function pitchOf(job: Job): usize {
  return <usize>(4 * (job.grid + job.margin + 4));
}

/** Tiles of four ky. */
export function quads(rings: i32): i32 {
  return (rings + 4) >> 2;
}

function gridBytes(grid: i32, margin: i32): usize {
  const rows = grid + margin;
  return (<usize>(4 * rows * (rows + 4)) + 63) & ~(<usize>63);
}

/** Address of the half transform along y. */
export function halfAt(job: Job, scratch: usize): usize {
  return scratch + gridBytes(job.grid, job.margin);
}

/** Address of a buffer of one tile. */
export function bufferAt(job: Job, scratch: usize): usize {
  return halfAt(job, scratch) + <usize>(32 * quads(job.rings) * job.grid);
}

/** Address of the second buffer. */
export function otherBufferAt(job: Job, scratch: usize): usize {
  return bufferAt(job, scratch) + <usize>(32 * job.grid);
}

/** Address of the kernel along x, followed by that along y. */
export function kernelAt(job: Job, scratch: usize): usize {
  return otherBufferAt(job, scratch) + <usize>(32 * job.grid);
}

/** Scratch bytes. */
export function spreadBytes(gaussians: i32, rings: i32, grid: i32, margin: i32): usize {
  return (
    gridBytes(grid, margin) +
    <usize>(32 * quads(rings) * grid) +
    <usize>(64 * grid) +
    <usize>(16 * (margin + 8)) +
    <usize>(4 * 12 * padded(gaussians))
  );
}

/** The part of the plan for a class: its smallest variance, the extra variance, then a correction for each k. */
export function classAt(job: Job, index: i32): usize {
  return job.plan + 4 + <usize>(4 * index * (job.rings + 3));
}

/** Address of one of the runs of Placement, see spreadPlacement.ts. */
export function placementAt(job: Job, scratch: usize, which: i32): usize {
  const kernels = <usize>(16 * (job.margin + 8));
  return kernelAt(job, scratch) + kernels + <usize>(4 * which * padded(job.gaussians));
}

/** Adds the margins to the opposite sides of the grid. */
export function foldMargins(job: Job, scratch: usize): void {
  const pitch = pitchOf(job);
  const size = job.grid;
  for (let y = 0; y < size + job.margin; y++) {
    const row = scratch + <usize>y * pitch;
    const over = row + <usize>(4 * size);
    for (let x: usize = 0; x < <usize>(4 * job.margin); x += 16) {
      v128.store(row + x, f32x4.add(v128.load(row + x), v128.load(over + x)));
    }
  }
  for (let y = 0; y < job.margin; y++) {
    const row = scratch + <usize>y * pitch;
    const over = row + <usize>size * pitch;
    for (let x: usize = 0; x < <usize>(4 * size); x += 16) {
      v128.store(row + x, f32x4.add(v128.load(row + x), v128.load(over + x)));
    }
  }
}

/** The adjoint: copies the opposite sides of the grid to the margins. */
export function copyMargins(job: Job, scratch: usize): void {
  const pitch = pitchOf(job);
  const size = job.grid;
  for (let y = 0; y < size; y++) {
    const row = scratch + <usize>y * pitch;
    memory.copy(row + <usize>(4 * size), row, <usize>(4 * job.margin));
  }
  memory.copy(scratch + <usize>size * pitch, scratch, <usize>job.margin * pitch);
}
