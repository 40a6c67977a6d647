// The last step of the decoder: from its raw numbers to the Gaussians of each particle, and the slope of the loss back.
// Pieces of the rows are taken one by one from a common counter.
//
// Raw numbers come in three runs: of positions, of amplitudes, of widths. A position moves by 0.3·tanh(raw/3) box units,
// an amplitude is multiplied by 2·sigmoid(raw), a width by 0.5 + sigmoid(raw); the numbers come from the host.

import { expOf, mulAdd } from "./math";

// What the host lays down in memory: the same list, in the same order, is in src/network/headLayer.ts.
@unmanaged
export class Head {
  /** Next piece to be taken, counted up by all threads. */
  next: i32;
  chunks: i32;
  /** 3 decode, 4 back to the raw numbers. */
  task: i32;
  /** Raw numbers of a particle, and bytes from one particle's to the next one's. */
  outputs: i32;
  pitch: i32;
  /** N. */
  gaussians: i32;
  /** Where the runs of amplitudes and of widths begin. */
  firstAmplitude: i32;
  firstWidth: i32;
  /** i32[outputs]: the place of each raw number in a set of 5·N parameters, ascending. */
  slots: usize;
  /** f32[5·N] */
  neutral: usize;
  /** Decode: the raw numbers. Back: takes the slopes in them. */
  raw: usize;
  /** Derivative of each parameter in its raw number, laid out as `raw`; 0 where decode need not tell. */
  slopes: usize;
  /** f32[B · 5·N] */
  models: usize;
  /** f32[B · 5·N]: slope in the Gaussians, before `scale`. */
  gradient: usize;
  /** Box units that a position moves at most, and per raw number near zero. */
  reach: f32;
  gain: f32;
  scale: f32;
  /** Factor on (value − neutral)/neutral², the slope of the penalty on amplitudes and widths. */
  penalty: f32;
}

/** Raw numbers of a piece, a multiple of 4. */
const PIECE: i32 = 2048;

/** Four floats at neighbouring places, or at the places that four slots name; places beyond `lanes` repeat the first. */
function load4(base: usize, slots: usize, lanes: i32): v128 {
  const first = load<i32>(slots);
  if (lanes === 4 && load<i32>(slots, 12) === first + 3) return v128.load(base + <usize>(4 * first));
  let v = v128.load32_splat(base + <usize>(4 * first));
  if (lanes > 1) v = f32x4.replace_lane(v, 1, load<f32>(base + <usize>(4 * load<i32>(slots, 4))));
  if (lanes > 2) v = f32x4.replace_lane(v, 2, load<f32>(base + <usize>(4 * load<i32>(slots, 8))));
  if (lanes > 3) v = f32x4.replace_lane(v, 3, load<f32>(base + <usize>(4 * load<i32>(slots, 12))));
  return v;
}

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

/** The first `lanes` floats, so that the numbers of the next piece, which another thread may have written, stay. */
function storeFirst(at: usize, lanes: i32, v: v128): void {
  if (lanes === 4) {
    v128.store(at, v);
    return;
  }
  store<f32>(at, f32x4.extract_lane(v, 0));
  if (lanes > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (lanes > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

/** 1/(1 + exp(−x)), exactly ½ at 0; what is not finite stays so, and shows. */
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const limited = f32x4.max(f32x4.splat(-60), f32x4.min(f32x4.splat(60), f32x4.neg(x)));
  const broken = f32x4.mul(x, f32x4.splat(0));
  return f32x4.add(broken, f32x4.div(one, f32x4.add(one, expOf(limited))));
}

/** Raw numbers from `from` to before `to` of one particle, all in one run. */
function decodeRun(head: Head, row: i32, from: i32, to: i32, kind: i32): void {
  const learning = head.slopes !== 0;
  const one = f32x4.splat(1);
  const raw = head.raw + <usize>row * <usize>head.pitch;
  const slopes = head.slopes + <usize>row * <usize>head.pitch;
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
    let slope: v128;
    if (kind === 0) {
      // tanh(x) = 2·sigmoid(2x) − 1
      const s = sigmoid(f32x4.mul(value, turn));
      const t = f32x4.sub(f32x4.add(s, s), one);
      result = mulAdd(reach, t, base);
      slope = f32x4.mul(gain, f32x4.sub(one, f32x4.mul(t, t)));
    } else {
      const s = sigmoid(value);
      result = f32x4.mul(base, mulAdd(factor, s, offset));
      slope = f32x4.mul(f32x4.mul(base, factor), f32x4.mul(s, f32x4.sub(one, s)));
    }
    store4(model, slots, lanes, result);
    if (learning) storeFirst(slopes + <usize>(4 * j), lanes, slope);
  }
}

function backRun(head: Head, row: i32, from: i32, to: i32, penalised: bool): void {
  const raw = head.raw + <usize>row * <usize>head.pitch;
  const slopes = head.slopes + <usize>row * <usize>head.pitch;
  const parameters = <usize>row * <usize>(20 * head.gaussians);
  const model = head.models + parameters;
  const gradient = head.gradient + parameters;
  const scale = f32x4.splat(head.scale);
  const penalty = f32x4.splat(head.penalty);
  for (let j = from; j < to; j += 4) {
    const lanes = min(4, to - j);
    const slots = head.slots + <usize>(4 * j);
    let g = f32x4.mul(scale, load4(gradient, slots, lanes));
    if (penalised) {
      const base = load4(head.neutral, slots, lanes);
      const square = f32x4.mul(base, base);
      const strayed = f32x4.div(f32x4.sub(load4(model, slots, lanes), base), square);
      // A neutral value of zero cannot stray.
      const known = f32x4.gt(square, f32x4.splat(0));
      g = f32x4.add(g, v128.and(known, f32x4.mul(penalty, strayed)));
    }
    storeFirst(raw + <usize>(4 * j), lanes, f32x4.mul(g, v128.load(slopes + <usize>(4 * j))));
  }
}

function piecesOfRow(outputs: i32): i32 {
  return (outputs + PIECE - 1) / PIECE;
}

/** How many pieces so many rows of raw numbers have. */
export function headChunks(rows: i32, outputs: i32): i32 {
  return rows * piecesOfRow(outputs);
}

/** Works on pieces of the head at `address` until none is left. */
export function head(address: usize): void {
  const head = changetype<Head>(address);
  const pieces = piecesOfRow(head.outputs);
  const decode = head.task === 3;
  while (true) {
    const chunk = atomic.add<i32>(address, 1);
    if (chunk >= head.chunks) return;
    const row = chunk / pieces;
    const from = PIECE * (chunk % pieces);
    const to = min(from + PIECE, head.outputs);
    const amplitude = max(from, min(to, head.firstAmplitude));
    const width = max(from, min(to, head.firstWidth));
    if (decode) {
      decodeRun(head, row, from, amplitude, 0);
      decodeRun(head, row, amplitude, width, 1);
      decodeRun(head, row, width, to, 2);
    } else {
      backRun(head, row, from, amplitude, false);
      backRun(head, row, amplitude, to, true);
    }
  }
}
