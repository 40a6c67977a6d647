// Dense layers of the networks: forward, backward to the layer's input, and the update of the weights, which uses the
// gradient as it is computed without storing it. Threads take chunks of a layer from a common counter; the order of
// summation does not depend on the number of threads.
//
// Weights are stored in panels of eight outputs: eight numbers for each input, then a gap of 64 bytes, without which the
// same rows of all panels would compete for the same cache sets. Rows of inputs and outputs are `pitch` bytes apart for
// the same reason. Sizes that are not a multiple of the vectors are padded with zeros.

import { mulAdd, sumLanes } from "./math";

// The task record that the host writes: the same fields in the same order are in src/network/denseLayer.ts.
@unmanaged
export class Layer {
  /** Next chunk, a counter of all threads. */
  next: i32;
  chunks: i32;
  /** 0 forward, 1 backward, 2 update. */
  task: i32;
  /** Rows of the batch. Buffers hold a multiple of 4. */
  rows: i32;
  inputs: i32;
  outputs: i32;
  /** Forward: whether a ReLU follows. Backward: whether the input came from a ReLU. */
  relu: i32;
  inputPitch: i32;
  outputPitch: i32;
  weights: usize;
  bias: usize;
  input: usize;
  /** Forward: the output. Otherwise the gradient of the loss in the output. */
  output: usize;
  /** Gradient of the loss in the input, written by backward. */
  inputGradient: usize;
  /** Adam's moments, laid out as weights and bias. */
  first: usize;
  second: usize;
  biasFirst: usize;
  biasSecond: usize;
  beta1: f32;
  beta2: f32;
  epsilon: f32;
  /** Learning rate divided by the bias correction of the first moment. */
  rate: f32;
  /** 1/√(bias correction of the second moment). */
  root: f32;
  /** Fraction of each weight to subtract. */
  decay: f32;
}

/** Bytes from one panel to the next. */
function panelBytes(layer: Layer): usize {
  return <usize>(32 * ((layer.inputs + 3) & ~3) + 64);
}

function store8(at: usize, a: v128, b: v128): void {
  v128.store(at, a);
  v128.store(at, b, 16);
}

/** Eight outputs of a single row: three rows of zeros beside it would take as long again. */
function forwardOne(layer: Layer, panel: i32): void {
  const bias = layer.bias + <usize>(32 * panel);
  const least = f32x4.splat(layer.relu ? 0 : -Infinity);
  let a = v128.load(bias);
  let b = v128.load(bias, 16);
  let w = layer.weights + <usize>panel * panelBytes(layer);
  let x = layer.input;
  for (const end = x + <usize>(4 * layer.inputs); x < end; x += 4) {
    const s = v128.load32_splat(x);
    a = mulAdd(s, v128.load(w), a);
    b = mulAdd(s, v128.load(w, 16), b);
    w += 32;
  }
  store8(layer.output + <usize>(32 * panel), f32x4.max(a, least), f32x4.max(b, least));
}

/** Eight outputs of all rows. */
function forward(layer: Layer, panel: i32): void {
  if (layer.rows === 1) {
    forwardOne(layer, panel);
    return;
  }
  const x1 = <usize>layer.inputPitch;
  const x2 = x1 + x1;
  const x3 = x2 + x1;
  const y1 = <usize>layer.outputPitch;
  const weights = layer.weights + <usize>panel * panelBytes(layer);
  const bias = layer.bias + <usize>(32 * panel);
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  const least = f32x4.splat(layer.relu ? 0 : -Infinity);
  for (let row = 0; row < layer.rows; row += 4) {
    let a00 = b0;
    let a01 = b1;
    let a10 = b0;
    let a11 = b1;
    let a20 = b0;
    let a21 = b1;
    let a30 = b0;
    let a31 = b1;
    let w = weights;
    let x = layer.input + <usize>row * x1;
    for (const end = x + <usize>(4 * layer.inputs); x < end; x += 4) {
      const u = v128.load(w);
      const v = v128.load(w, 16);
      let s = v128.load32_splat(x);
      a00 = mulAdd(s, u, a00);
      a01 = mulAdd(s, v, a01);
      s = v128.load32_splat(x + x1);
      a10 = mulAdd(s, u, a10);
      a11 = mulAdd(s, v, a11);
      s = v128.load32_splat(x + x2);
      a20 = mulAdd(s, u, a20);
      a21 = mulAdd(s, v, a21);
      s = v128.load32_splat(x + x3);
      a30 = mulAdd(s, u, a30);
      a31 = mulAdd(s, v, a31);
      w += 32;
    }
    const y = layer.output + <usize>row * y1 + <usize>(32 * panel);
    store8(y, f32x4.max(a00, least), f32x4.max(a01, least));
    store8(y + y1, f32x4.max(a10, least), f32x4.max(a11, least));
    store8(y + 2 * y1, f32x4.max(a20, least), f32x4.max(a21, least));
    store8(y + 3 * y1, f32x4.max(a30, least), f32x4.max(a31, least));
  }
}

/** Inputs per chunk of the backward pass. */
const span: i32 = 32;
/** Panels per cache block. */
const block: i32 = 32;

/** Adds the first two lanes to the floats at an address. */
function addPair(at: usize, pair: v128): void {
  v128.store64_lane(at, f32x4.add(v128.load64_zero(at), pair), 0);
}

/** Gradients in 32 inputs of all rows: products of rows of weights with rows of output gradients, both along the outputs. */
function backward(layer: Layer, chunk: i32): void {
  const bytes = panelBytes(layer);
  const panels = (layer.outputs + 7) >> 3;
  const from = chunk * span;
  const to = min(from + span, (layer.inputs + 3) & ~3);
  const dx1 = <usize>layer.inputPitch;
  const dy1 = <usize>layer.outputPitch;
  const dy2 = dy1 + dy1;
  const dy3 = dy2 + dy1;
  const zero = f32x4.splat(0);
  const padded = (layer.rows + 3) & ~3;
  for (let row = 0; row < padded; row++) {
    memory.fill(layer.inputGradient + <usize>row * dx1 + <usize>(4 * from), 0, <usize>(4 * (to - from)));
  }
  for (let first = 0; first < panels; first += block) {
    const last = min(first + block, panels);
    for (let i = from; i < to; i += 2) {
      const start = layer.weights + <usize>first * bytes + <usize>(32 * i);
      const end = layer.weights + <usize>last * bytes + <usize>(32 * i);
      for (let row = 0; row < padded; row += 4) {
        let d = layer.output + <usize>row * dy1 + <usize>(32 * first);
        let a00 = zero;
        let a01 = zero;
        let a10 = zero;
        let a11 = zero;
        let a20 = zero;
        let a21 = zero;
        let a30 = zero;
        let a31 = zero;
        for (let w = start; w < end; w += bytes) {
          let u = v128.load(w);
          let v = v128.load(w, 32);
          let e = v128.load(d);
          a00 = mulAdd(e, u, a00);
          a01 = mulAdd(e, v, a01);
          e = v128.load(d + dy1);
          a10 = mulAdd(e, u, a10);
          a11 = mulAdd(e, v, a11);
          e = v128.load(d + dy2);
          a20 = mulAdd(e, u, a20);
          a21 = mulAdd(e, v, a21);
          e = v128.load(d + dy3);
          a30 = mulAdd(e, u, a30);
          a31 = mulAdd(e, v, a31);
          u = v128.load(w, 16);
          v = v128.load(w, 48);
          e = v128.load(d, 16);
          a00 = mulAdd(e, u, a00);
          a01 = mulAdd(e, v, a01);
          e = v128.load(d + dy1, 16);
          a10 = mulAdd(e, u, a10);
          a11 = mulAdd(e, v, a11);
          e = v128.load(d + dy2, 16);
          a20 = mulAdd(e, u, a20);
          a21 = mulAdd(e, v, a21);
          e = v128.load(d + dy3, 16);
          a30 = mulAdd(e, u, a30);
          a31 = mulAdd(e, v, a31);
          d += 32;
        }
        const upper = sumLanes(a00, a01, a10, a11);
        const lower = sumLanes(a20, a21, a30, a31);
        const at = layer.inputGradient + <usize>row * dx1 + <usize>(4 * i);
        addPair(at, upper);
        addPair(at + dx1, v128.shuffle<f32>(upper, upper, 2, 3, 2, 3));
        addPair(at + 2 * dx1, lower);
        addPair(at + 3 * dx1, v128.shuffle<f32>(lower, lower, 2, 3, 2, 3));
      }
    }
  }
  if (layer.relu) reluBackward(layer, from, to);
}

/** Zeroes the gradient in inputs `from` … `to` − 1 where the ReLU was inactive. */
function reluBackward(layer: Layer, from: i32, to: i32): void {
  const dx1 = <usize>layer.inputPitch;
  const zero = f32x4.splat(0);
  for (let row = 0; row < layer.rows; row++) {
    const offset = <usize>row * dx1 + <usize>(4 * from);
    for (let j: usize = 0; j < <usize>(4 * (to - from)); j += 16) {
      const open = f32x4.gt(v128.load(layer.input + offset + j), zero);
      v128.store(
        layer.inputGradient + offset + j,
        v128.and(open, v128.load(layer.inputGradient + offset + j)),
      );
    }
  }
}

/** One step of Adam for four weights with gradient g. */
function adam(layer: Layer, weights: usize, first: usize, second: usize, g: v128, decay: f32): void {
  const one: f32 = 1;
  let m = f32x4.mul(v128.load(first), f32x4.splat(layer.beta1));
  m = mulAdd(g, f32x4.splat(one - layer.beta1), m);
  // Flush to zero: moments of unused weights must not become subnormal, which is slow.
  m = v128.and(m, f32x4.gt(f32x4.abs(m), f32x4.splat(1e-30)));
  let v = f32x4.mul(v128.load(second), f32x4.splat(layer.beta2));
  v = mulAdd(f32x4.mul(g, g), f32x4.splat(one - layer.beta2), v);
  v = v128.and(v, f32x4.gt(v, f32x4.splat(1e-30)));
  v128.store(first, m);
  v128.store(second, v);
  const size = mulAdd(f32x4.sqrt(v), f32x4.splat(layer.root), f32x4.splat(layer.epsilon));
  const step = f32x4.div(f32x4.mul(m, f32x4.splat(layer.rate)), size);
  const old = v128.load(weights);
  v128.store(weights, f32x4.sub(old, mulAdd(old, f32x4.splat(decay), step)));
}

/** Updates weights and bias of eight outputs. */
function update(layer: Layer, panel: i32): void {
  const origin = <usize>panel * panelBytes(layer);
  const x1 = <usize>layer.inputPitch;
  const dy1 = <usize>layer.outputPitch;
  const gradient = layer.output + <usize>(32 * panel);
  const end = gradient + <usize>layer.rows * dy1;
  const decay = layer.decay;
  const zero = f32x4.splat(0);
  for (let i = 0; i < layer.inputs; i += 4) {
    let a00 = zero;
    let a01 = zero;
    let a10 = zero;
    let a11 = zero;
    let a20 = zero;
    let a21 = zero;
    let a30 = zero;
    let a31 = zero;
    let x = layer.input + <usize>(4 * i);
    for (let d = gradient; d < end; d += dy1) {
      const u = v128.load(d);
      const v = v128.load(d, 16);
      let s = v128.load32_splat(x);
      a00 = mulAdd(s, u, a00);
      a01 = mulAdd(s, v, a01);
      s = v128.load32_splat(x, 4);
      a10 = mulAdd(s, u, a10);
      a11 = mulAdd(s, v, a11);
      s = v128.load32_splat(x, 8);
      a20 = mulAdd(s, u, a20);
      a21 = mulAdd(s, v, a21);
      s = v128.load32_splat(x, 12);
      a30 = mulAdd(s, u, a30);
      a31 = mulAdd(s, v, a31);
      x += x1;
    }
    const at = origin + <usize>(32 * i);
    const w = layer.weights + at;
    const m = layer.first + at;
    const v = layer.second + at;
    adam(layer, w, m, v, a00, decay);
    adam(layer, w + 16, m + 16, v + 16, a01, decay);
    adam(layer, w + 32, m + 32, v + 32, a10, decay);
    adam(layer, w + 48, m + 48, v + 48, a11, decay);
    adam(layer, w + 64, m + 64, v + 64, a20, decay);
    adam(layer, w + 80, m + 80, v + 80, a21, decay);
    adam(layer, w + 96, m + 96, v + 96, a30, decay);
    adam(layer, w + 112, m + 112, v + 112, a31, decay);
  }
  updateBias(layer, panel);
}

/** Updates the bias of eight outputs; it does not decay. */
function updateBias(layer: Layer, panel: i32): void {
  const dy1 = <usize>layer.outputPitch;
  const gradient = layer.output + <usize>(32 * panel);
  const end = gradient + <usize>layer.rows * dy1;
  const zero = f32x4.splat(0);
  let s0 = zero;
  let s1 = zero;
  for (let d = gradient; d < end; d += dy1) {
    s0 = f32x4.add(s0, v128.load(d));
    s1 = f32x4.add(s1, v128.load(d, 16));
  }
  const at = <usize>(32 * panel);
  const b = layer.bias + at;
  const m = layer.biasFirst + at;
  const v = layer.biasSecond + at;
  adam(layer, b, m, v, s0, 0);
  adam(layer, b + 16, m + 16, v + 16, s1, 0);
}

/** Number of chunks of a task. */
export function denseChunks(task: i32, inputs: i32, outputs: i32): i32 {
  return task === 1 ? (inputs + span - 1) / span : (outputs + 7) >> 3;
}

/** Works on chunks of the task at `address` until none is left. */
export function dense(address: usize): void {
  const layer = changetype<Layer>(address);
  while (true) {
    const chunk = atomic.add<i32>(address, 1);
    if (chunk >= layer.chunks) return;
    if (layer.task === 0) forward(layer, chunk);
    else if (layer.task === 1) backward(layer, chunk);
    else update(layer, chunk);
  }
}
