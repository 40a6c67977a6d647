import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Random } from "e2gmm";
import { inner } from "./gpuParts";

/*
 * `npm run bench -- reconstruct --folder FOLDER [--sizes 10000/128,…] [--relion 10000/128,…] [--distinct 500] [--threads n]`: time and peak
 * memory of the command `e2gmm reconstruct`, with half maps and FSC, and of one `relion_reconstruct` (all particles, no halves) on the
 * same files. Images are noise: neither time nor memory depends on what they show. There are `--distinct` different ones, which the rows
 * of the STAR file name again and again; poses, shifts and defoci are all different.
 */

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string" },
    sizes: { type: "string", default: "10000/128" },
    relion: { type: "string", default: "" },
    distinct: { type: "string", default: "500" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const folder = values.folder;
if (folder === undefined) throw new Error("--folder: expected a folder for the data, found none");
mkdirSync(folder, { recursive: true });
const apix = 1.3;

interface Size {
  count: number;
  boxSize: number;
}

const sizesIn = (text: string): Size[] =>
  text
    .split(",")
    .filter(Boolean)
    .map((word) => {
      const [count, boxSize] = word.split("/").map(Number) as [number, number];
      if (!(count > 0 && boxSize > 0)) throw new Error(`expected particles/box, found ${word}`);
      return { count, boxSize };
    });

const { createStack } = inner("./formats/mrcWriter");

async function writeImages({ boxSize }: Size, distinct: number): Promise<string> {
  const name = `noise_${boxSize}.mrcs`;
  const stack = await createStack(path.join(folder!, name), { size: [boxSize, boxSize], apix });
  const random = new Random(boxSize);
  for (let n = 0; n < distinct; n++)
    await stack.append(Float32Array.from({ length: boxSize ** 2 }, () => random.normal()));
  await stack.close();
  return name;
}

function writeStar({ count, boxSize }: Size, stack: string, distinct: number): string {
  const random = new Random(1);
  const optics =
    "OpticsGroupName OpticsGroup Voltage SphericalAberration AmplitudeContrast ImagePixelSize ImageSize ImageDimensionality";
  const columns =
    "AngleRot AngleTilt AnglePsi OriginXAngst OriginYAngst DefocusU DefocusV DefocusAngle OpticsGroup ImageName";
  const named = (names: string) => names.split(" ").map((name) => `_rln${name}`);
  const uniform = (from: number, to: number) => (from + (to - from) * random.uniform()).toFixed(4);
  const rows = Array.from({ length: count }, (_, n) => {
    const tilt = ((Math.acos(2 * random.uniform() - 1) * 180) / Math.PI).toFixed(4);
    const angles = [uniform(-180, 180), tilt, uniform(-180, 180)];
    const optical = [
      uniform(-5, 5),
      uniform(-5, 5),
      uniform(8000, 20000),
      uniform(8000, 20000),
      uniform(0, 180),
    ];
    return [...angles, ...optical, 1, `${(n % distinct) + 1}@${stack}`].join(" ");
  });
  const head = ["data_optics", "", "loop_", ...named(optics), `group 1 300 2.7 0.1 ${apix} ${boxSize} 2`, ""];
  const file = `particles_${count}_${boxSize}.star`;
  const text = [...head, "data_particles", "", "loop_", ...named(columns), ...rows, ""].join("\n");
  writeFileSync(path.join(folder!, file), text);
  return file;
}

/** What a program took. */
interface Cost {
  seconds: number;
  /** Of all cores together. */
  cpuSeconds: number;
  /** The most memory that it held. */
  mebibytes: number;
}

/** Of Linux. */
const ticksPerSecond = 100;

function measure(program: string, args: string[]): Promise<Cost> {
  const start = performance.now();
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  let [most, ticks] = [0, 0];
  const look = () => {
    try {
      const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
      most = Math.max(most, Number(found?.[1] ?? 0));
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      ticks = Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, 100);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      clearInterval(timer);
      if (code !== 0) reject(new Error(`${program} ended with ${code}`));
      else {
        const seconds = (performance.now() - start) / 1000;
        resolve({ seconds, cpuSeconds: ticks / ticksPerSecond, mebibytes: most / 1024 });
      }
    });
  });
}

const command = path.resolve(__dirname, "../../../kernel-lib/bin/e2gmm.js");

async function main(): Promise<void> {
  const distinct = Number(values.distinct);
  const withRelion = new Set(sizesIn(values.relion).map((size) => `${size.count}/${size.boxSize}`));
  for (const size of [...sizesIn(values.sizes)]) {
    const stack = await writeImages(size, distinct);
    const star = writeStar(size, stack, distinct);
    const load = loadavg()[0]!.toFixed(1);
    const args = [command, "reconstruct", "--particles", star, "--out", "ours.mrc", "--quiet"];
    const own = await measure(process.execPath, [...args, "--threads", values.threads]);
    const name = `${size.count} × ${size.boxSize}²`;
    const text = ({ seconds, cpuSeconds, mebibytes }: Cost) =>
      `${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU, ${mebibytes.toFixed(0)} MiB`;
    console.log(`${name}: e2gmm ${text(own)} (${values.threads} threads, load ${load} before)`);
    if (!withRelion.has(`${size.count}/${size.boxSize}`)) continue;
    const theirs = await measure("relion_reconstruct", ["--i", star, "--o", "relion.mrc", "--ctf"]);
    console.log(`${name}: relion_reconstruct ${text(theirs)}`);
  }
}

void main();
