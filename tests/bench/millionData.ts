import { spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { Random } from "e2gmm";
import { inner } from "./gpuParts";

/** Particle files and runs of any number of rows: tiles of a small set with a small training, which is made once. */

/** Particles of the small set, and their box in pixels. */
export const small = { particles: 2000, box: 48 };
/** Images of the HDF5 stack of EMAN2, whose headers are read for each row. */
const hdfImages = 4000;

const command = path.resolve(__dirname, "../../../kernel-lib/bin/e2gmm.js");

function run(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${args.slice(1, 3).join(" ")} failed`);
}

/** The small set, its model and a training of a few epochs. */
function makeSmall(folder: string): void {
  const at = (name: string) => path.join(folder, name);
  if (existsSync(at("run/latents.csv"))) return;
  for (const name of ["small", "run"]) rmSync(at(name), { recursive: true, force: true });
  const particles = ["--particles", String(small.particles), "--box-size", String(small.box)];
  run([
    command,
    "simulate",
    "linear",
    ...particles,
    ..."--apix 3 --ctf --shifts 6 --snr 0.2".split(" "),
    "--out",
    at("small"),
  ]);
  const map = ["--map", at("small/consensus.mrc"), ..."--resolution 12 --gaussians 256".split(" ")];
  run([command, "neutral", ...map, "--out", at("model.txt")]);
  const inputs = ["--particles", at("small/particles.star"), "--model", at("model.txt")];
  run([command, "train", ...inputs, ..."--latent 2 --epochs 5 --poses file".split(" "), "--out", at("run")]);
}

/** Writes lines, without holding them all. */
function writeLines(file: string, head: string, count: number, line: (i: number) => string): void {
  const opened = openSync(file, "w");
  let text = head;
  for (let i = 0; i < count; i++) {
    text += `${line(i)}\n`;
    if (text.length < 1 << 22) continue;
    writeSync(opened, text);
    text = "";
  }
  writeSync(opened, text);
  closeSync(opened);
}

/** The rows of the small STAR file again and again. */
function writeStar(folder: string, out: string, count: number): void {
  const lines = readFileSync(path.join(folder, "small/particles.star"), "utf8").trimEnd().split("\n");
  const first = lines.findIndex((line) => line.includes("@particles.mrcs"));
  const rows = lines.slice(first);
  writeLines(
    path.join(out, "particles.star"),
    `${lines.slice(0, first).join("\n")}\n`,
    count,
    (i) => rows[i % rows.length]!,
  );
  const stack = path.join(out, "particles.mrcs");
  if (!existsSync(stack)) symlinkSync(path.resolve(folder, "small/particles.mrcs"), stack);
}

/** Fields of a .cs file as NumPy types. */
const fields: [name: string, type: string, shape: number][] = [
  ["uid", "<u8", 1],
  ["blob/path", "|S16", 1],
  ["blob/idx", "<u4", 1],
  ["blob/shape", "<u4", 2],
  ["blob/psize_A", "<f4", 1],
  ...["accel_kv", "cs_mm", "amp_contrast", "df1_A", "df2_A", "df_angle_rad", "phase_shift_rad"].map(
    (name) => [`ctf/${name}`, "<f4", 1] as [string, string, number],
  ),
  ["alignments3D/pose", "<f4", 3],
  ["alignments3D/shift", "<f4", 2],
];

function writeCs(out: string, count: number): void {
  const dtype = fields.map(([name, type, n]) => `('${name}', '${type}'${n > 1 ? `, (${n},)` : ""})`);
  const text = `{'descr': [${dtype.join(", ")}], 'fortran_order': False, 'shape': (${count},), }`;
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\0\0\0${header}`, "latin1");
  head.writeUInt16LE(header.length, 8);
  const opened = openSync(path.join(out, "particles.cs"), "w");
  writeSync(opened, head);
  const size = fields.reduce((sum, [, type, n]) => sum + n * Number(type.slice(2)), 0);
  const random = new Random(1);
  for (let from = 0; from < count; from += 10_000) {
    const rows = Math.min(10_000, count - from);
    const part = Buffer.alloc(rows * size);
    let to = 0;
    const float = (value: number) => {
      to = part.writeFloatLE(value, to);
    };
    for (let i = from; i < from + rows; i++) {
      to = part.writeBigUInt64LE(BigInt(i + 1), to);
      part.write("particles.mrcs", to);
      to = part.writeUInt32LE(i % small.particles, to + 16);
      for (let k = 0; k < 2; k++) to = part.writeUInt32LE(small.box, to);
      const defocus = 8000 + 12_000 * random.uniform();
      for (const value of [3, 300, 2.7, 0.1, defocus, defocus, 0, 0]) float(value);
      for (let k = 0; k < 3; k++) float(random.normal());
      for (let k = 0; k < 2; k++) float(2 * random.normal());
    }
    writeSync(opened, part);
  }
  closeSync(opened);
}

/** A list of EMAN2 with transforms, as its refinements write it; the CTF is in the headers of the images. */
function writeList(folder: string, out: string, count: number): void {
  const stack = path.resolve(folder, "stack.hdf");
  if (!existsSync(stack))
    run([path.resolve(__dirname, "../../bench/hdfStack.mjs"), stack, String(hdfImages), String(small.box)]);
  const random = new Random(2);
  const { rotationFromEuler } = inner("./optics/pose");
  const line = (i: number) => {
    const angles = [360 * random.uniform(), 180 * random.uniform(), 360 * random.uniform()] as const;
    const r = Array.from(rotationFromEuler(angles) as ArrayLike<number>, (x) => x.toFixed(6));
    const matrix = `[${[...r.slice(0, 3), "1.5", ...r.slice(3, 6), "-2.25", ...r.slice(6, 9), "0"].join(",")}]`;
    const values = { class: i % 2, score: -0.5, "xform.projection": { __class__: "Transform", matrix } };
    return `${i % hdfImages}\t${stack}\t${JSON.stringify(values)}`.padEnd(299);
  };
  writeLines(path.join(out, "particles.lst"), "#LSX\n# tiles\n# 300\n", count, line);
}

/** The small run with its rows again and again, each place moved by a third of its standard deviation. */
async function writeRun(folder: string, out: string, count: number): Promise<void> {
  const [from, to] = [path.join(folder, "run"), path.join(out, "run")];
  cpSync(from, to, { recursive: true });
  const {
    inputFiles: _,
    checksum: __,
    ...record
  } = JSON.parse(readFileSync(path.join(from, "run.json"), "utf8"));
  record.particles = count;
  record.inputs.particles = path.resolve(out, "particles.star");
  record.inputs.model = path.resolve(folder, "model.txt");
  if (record.intervals) record.intervals.learned = count;
  writeFileSync(path.join(to, "run.json"), JSON.stringify(record, null, 2));
  const random = new Random(3);
  for (const name of ["latents.csv", "unexplained.csv"]) {
    const [header, ...lines] = readFileSync(path.join(from, name), "utf8").trimEnd().split("\n");
    const rows = lines.map((line) => line.split(",").map(Number));
    const names = header!.split(",");
    const moved = names.flatMap((column, c) => (column.endsWith("_refined") ? [c] : []));
    writeLines(path.join(to, name), `${header}\n`, count, (i) => {
      const row = rows[i % rows.length]!.slice();
      row[0] = i;
      for (const c of moved) row[c] = Number((row[c]! + (row[c + 1]! / 3) * random.normal()).toFixed(6));
      return row.join(",");
    });
  }
  const { readArrays, writeArrays } = inner("./training/runs/weightsFile");
  const file = path.join(from, "weights.safetensors");
  const { arrays, metadata } = await readArrays(file);
  const places = arrays.find(({ name }: { name: string }) => name === "places");
  const tiled = new Float32Array((count * places.data.length) / small.particles);
  for (let at = 0; at < tiled.length; at += places.data.length) {
    tiled.set(places.data.subarray(0, Math.min(places.data.length, tiled.length - at)), at);
  }
  Object.assign(places, { data: tiled, shape: [count, places.shape[1]] });
  const { checksum: ___, ...kept } = metadata;
  // Without the checksum of latents that are others now.
  const { latents: ____, ...checkpoint } = JSON.parse(kept.checkpoint);
  const given = { ...kept, checkpoint: JSON.stringify(checkpoint) };
  await writeArrays(path.join(to, "weights.safetensors"), arrays, given);
}

/** Makes the files of `count` rows below a folder, unless they are there. @returns their folder */
export async function makeRows(folder: string, count: number): Promise<string> {
  makeSmall(folder);
  const out = path.join(folder, String(count));
  if (existsSync(path.join(out, "complete"))) return out;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeStar(folder, out, count);
  writeCs(out, count);
  writeList(folder, out, count);
  await writeRun(folder, out, count);
  writeFileSync(path.join(out, "complete"), "");
  return out;
}
