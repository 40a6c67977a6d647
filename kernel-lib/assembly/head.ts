// The head of the decoder: from its raw outputs to the Gaussians of each particle, and the gradient of the loss backward.
// Threads take chunks of the rows from a common counter.
//
// Raw outputs come in three runs: positions, amplitudes, widths. A position moves by reach·tanh(gain·raw/reach) box units,
// an amplitude is multiplied by 2·sigmoid(raw), a width by 0.5 + sigmoid(raw).

import { exp, mulAdd } from "./math";

// The task record that the host writes: the same fields in the same order are in src/network/headLayer.ts.
@unmanaged
export class Head {
  /** Next chunk, a counter of all threads. */
  next: i32;
  chunks: i32;
  /** 3 decode, 4 backward. */
  task: i32;
  /** Raw outputs per particle. */
  outputs: i32;
  /** Bytes from one particle's raw outputs to the next one's. */
  pitch: i32;
  /** N. */
  gaussians: i32;
  /** Index of the first raw output of the amplitudes, and of the widths. */
  firstAmplitude: i32;
  firstWidth: i32;
  /** i32[outputs]: index of each raw output in a set of 5·N parameters, ascending. */
  slots: usize;
  /** f32[5·N] */
  neutral: usize;
  /** Decode: the raw outputs. Backward: receives the gradient in them. */
  raw: usize;
  /** Derivative of each parameter in its raw output, laid out as `raw`; 0 where no backward pass follows. */
  derivatives: usize;
  /** f32[B · 5·N] */
  models: usize;
  /** f32[B · 5·N]: gradient in the Gaussians, before `scale`. */
  gradient: usize;
  /** Largest displacement in box units. */
  reach: f32;
  /** Displacement per raw output near zero. */
  gain: f32;
  /** Factor on the gradient. */
  scale: f32;
  /** Factor on (value − neutral)/neutral², the gradient of the penalty on amplitudes and widths. */
  penalty: f32;
}

/** Raw outputs per chunk, a multiple of 4. */
const chunkLength: i32 = 2048;

/** Gathers the floats at four slots; lanes from `lanes` on repeat the first. */
function load4(base: usize, slots: usize, lanes: i32): v128 {
  const first = load<i32>(slots);
  if (lanes === 4 && load<i32>(slots, 12) === first + 3) return v128.load(base + <usize>(4 * first));
  let v = v128.load32_splat(base + <usize>(4 * first));
  if (lanes > 1) v = f32x4.replace_lane(v, 1, load<f32>(base + <usize>(4 * load<i32>(slots, 4))));
  if (lanes > 2) v = f32x4.replace_lane(v, 2, load<f32>(base + <usize>(4 * load<i32>(slots, 8))));
  if (lanes > 3) v = f32x4.replace_lane(v, 3, load<f32>(base + <usize>(4 * load<i32>(slots, 12))));
  return v;
}

/** Scatters the first `lanes` floats to their slots. */
function store4(base: usize, slots: usize, lanes: i32, v: v128): void {
  const first = load<i32>(slots);
  if (lanes === 4 && load<i32>(slots, 12) === first + 3) {
    v128.store(base + <usize>(4 * first), v);
    return;
  }
  store<f32>(base + <usize>(4 * first), f32x4.extract_lane(v, 0));
  if (lanes > 1) store<f32>(base + <usize>(4 * load<i32>(slots, 4)), f32x4.extract_lane(v, 1));
  if (lanes > 2) store<f32>(base + <usize>(4 * load<i32>(slots, 8)), f32x4.extract_lane(v, 2));
  if (lanes > 3) store<f32>(base + <usize>(4 * load<i32>(slots, 12)), f32x4.extract_lane(v, 3));
}

/** Stores only the first `lanes` floats: the next ones belong to a chunk that another thread may have written. */
function storeFirst(at: usize, lanes: i32, v: v128): void {
  if (lanes === 4) {
    v128.store(at, v);
    return;
  }
  store<f32>(at, f32x4.extract_lane(v, 0));
  if (lanes > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (lanes > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

/** 1/(1 + exp(−x)), exactly ½ at 0; NaN where x is not finite. */
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const limited = f32x4.max(f32x4.splat(-60), f32x4.min(f32x4.splat(60), f32x4.neg(x)));
  const broken = f32x4.mul(x, f32x4.splat(0));
  return f32x4.add(broken, f32x4.div(one, f32x4.add(one, exp(limited))));
}

/** Decodes raw outputs `from` … `to` − 1 of one particle, all in one run; `kind` 0 position, 1 amplitude, 2 width. */
function decodeRun(head: Head, row: i32, from: i32, to: i32, kind: i32): void {
  const training = head.derivatives !== 0;
  const one = f32x4.splat(1);
  const raw = head.raw + <usize>row * <usize>head.pitch;
  const derivatives = head.derivatives + <usize>row * <usize>head.pitch;
  const model = head.models + <usize>row * <usize>(20 * head.gaussians);
  const reach = f32x4.splat(head.reach);
  const gain = f32x4.splat(head.gain);
  const turn = f32x4.splat((2 * head.gain) / head.reach);
  const factor = f32x4.splat(kind === 1 ? 2 : 1);
  const offset = f32x4.splat(kind === 1 ? 0 : 0.5);
  for (let j = from; j < to; j += 4) {
    const lanes = min(4, to - j);
    const slots = head.slots + <usize>(4 * j);
    const base = load4(head.neutral, slots, lanes);
    const value = v128.load(raw + <usize>(4 * j));
    let result: v128;
    let derivative: v128;
    if (kind === 0) {
      // tanh(x) = 2·sigmoid(2x) − 1
      const s = sigmoid(f32x4.mul(value, turn));
      const t = f32x4.sub(f32x4.add(s, s), one);
      result = mulAdd(reach, t, base);
      derivative = f32x4.mul(gain, f32x4.sub(one, f32x4.mul(t, t)));
    } else {
      const s = sigmoid(value);
      result = f32x4.mul(base, mulAdd(factor, s, offset));
      derivative = f32x4.mul(f32x4.mul(base, factor), f32x4.mul(s, f32x4.sub(one, s)));
    }
    store4(model, slots, lanes, result);
    if (training) storeFirst(derivatives + <usize>(4 * j), lanes, derivative);
  }
}

/** The gradient of the loss in raw outputs `from` … `to` − 1 of one particle. */
function backwardRun(head: Head, row: i32, from: i32, to: i32, penalized: bool): void {
  const raw = head.raw + <usize>row * <usize>head.pitch;
  const derivatives = head.derivatives + <usize>row * <usize>head.pitch;
  const parameters = <usize>row * <usize>(20 * head.gaussians);
  const model = head.models + parameters;
  const gradient = head.gradient + parameters;
  const scale = f32x4.splat(head.scale);
  const penalty = f32x4.splat(head.penalty);
  for (let j = from; j < to; j += 4) {
    const lanes = min(4, to - j);
    const slots = head.slots + <usize>(4 * j);
    let g = f32x4.mul(scale, load4(gradient, slots, lanes));
    if (penalized) {
      const base = load4(head.neutral, slots, lanes);
      const square = f32x4.mul(base, base);
      const deviation = f32x4.div(f32x4.sub(load4(model, slots, lanes), base), square);
      // No penalty where the neutral value is 0.
      const known = f32x4.gt(square, f32x4.splat(0));
      g = f32x4.add(g, v128.and(known, f32x4.mul(penalty, deviation)));
    }
    storeFirst(raw + <usize>(4 * j), lanes, f32x4.mul(g, v128.load(derivatives + <usize>(4 * j))));
  }
}

function chunksPerRow(outputs: i32): i32 {
  return (outputs + chunkLength - 1) / chunkLength;
}

/** Number of chunks of a task. */
export function headChunks(rows: i32, outputs: i32): i32 {
  return rows * chunksPerRow(outputs);
}

/** Works on chunks of the task at `address` until none is left. */
export function head(address: usize): void {
  const head = changetype<Head>(address);
  const perRow = chunksPerRow(head.outputs);
  const decode = head.task === 3;
  while (true) {
    const chunk = atomic.add<i32>(address, 1);
    if (chunk >= head.chunks) return;
    const row = chunk / perRow;
    const from = chunkLength * (chunk % perRow);
    const to = min(from + chunkLength, head.outputs);
    const amplitude = max(from, min(to, head.firstAmplitude));
    const width = max(from, min(to, head.firstWidth));
    if (decode) {
      decodeRun(head, row, from, amplitude, 0);
      decodeRun(head, row, amplitude, width, 1);
      decodeRun(head, row, width, to, 2);
    } else {
      backwardRun(head, row, from, amplitude, false);
      backwardRun(head, row, amplitude, to, true);
    }
  }
}
