import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openParticles, type ParticleSet } from "e2gmm/dist/particles/particleSet";
import { type Field, npy } from "../../kernel-lib/src/particles/metadata/cryosparc.test.helper";

/** Good particle files, as text and values that a test can spoil. All name images of 8×8 pixels of 2 Å in p.mrcs. */

export const PARTICLES = 12;

/** A table of a STAR file. */
export class Columns {
  constructor(
    readonly block: string,
    private values: Record<string, string[]>,
  ) {}

  get count(): number {
    return Object.values(this.values)[0]?.length ?? 0;
  }

  /** Sets a column for all rows, or its value in one row, counted from 0. */
  set(column: string, value: string | number | ((i: number) => string | number), row?: number): this {
    const rows = this.values[column] ?? Array.from({ length: this.count }, () => "0");
    const of = typeof value === "function" ? value : () => value;
    this.values[column] = rows.map((old, i) => (row === undefined || row === i ? String(of(i)) : old));
    return this;
  }

  value(column: string, row: number): string {
    return this.values[column]![row]!;
  }

  drop(...columns: string[]): this {
    for (const column of columns) delete this.values[column];
    return this;
  }

  rename(from: string, to: string): this {
    this.values = Object.fromEntries(Object.entries(this.values).map(([k, v]) => [k === from ? to : k, v]));
    return this;
  }

  /** Rows in the order given, which may name one several times. */
  take(...rows: number[]): this {
    for (const [name, values] of Object.entries(this.values)) this.values[name] = rows.map((i) => values[i]!);
    return this;
  }

  get rows(): string[] {
    const columns = Object.values(this.values);
    return Array.from({ length: this.count }, (_, i) => columns.map((values) => values[i]).join(" "));
  }

  get loop(): string {
    const labels = Object.keys(this.values).map((name, i) => `_${name} #${i + 1}\n`);
    return `\ndata_${this.block}\n\nloop_\n${labels.join("")}${this.rows.map((row) => `${row}\n`).join("")}`;
  }

  /** The same as a one-row table of name–value pairs. */
  get pairs(): string {
    const lines = Object.entries(this.values).map(([name, values]) => `_${name} ${values[0]}\n`);
    return `\ndata_${this.block}\n\n${lines.join("")}`;
  }
}

export class Star {
  readonly optics = new Columns("optics", {
    rlnOpticsGroup: ["1"],
    rlnOpticsGroupName: ["group1"],
    rlnVoltage: ["300"],
    rlnSphericalAberration: ["2.7"],
    rlnAmplitudeContrast: ["0.1"],
    rlnImagePixelSize: ["2"],
    rlnImageSize: ["8"],
    rlnImageDimensionality: ["2"],
  });

  readonly particles = new Columns("particles", {
    rlnMicrographName: each((i) => `mic${i % 3}.mrc`),
    rlnAngleRot: each((i) => 10.5 + 25 * i),
    rlnAngleTilt: each((i) => 5 + 14 * i),
    rlnAnglePsi: each((i) => -170 + 28 * i),
    rlnOriginXAngst: each((i) => 0.25 * i - 1),
    rlnOriginYAngst: each((i) => 1.5 - 0.25 * i),
    rlnDefocusU: each((i) => 15000 + 300 * i),
    rlnDefocusV: each((i) => 14800 + 300 * i),
    rlnDefocusAngle: each((i) => 15 * i),
    rlnPhaseShift: each(() => 0),
    rlnCtfBfactor: each(() => 0),
    rlnCtfScalefactor: each(() => 1),
    rlnOpticsGroup: each(() => 1),
    rlnRandomSubset: each((i) => 1 + (i % 2)),
    rlnImageName: each((i) => `${String(i + 1).padStart(6, "0")}@p.mrcs`),
  });

  /** Columns of data_optics in each row of the particles instead. */
  flatten(): this {
    for (const name of ["Voltage", "SphericalAberration", "AmplitudeContrast", "ImagePixelSize"]) {
      this.particles.set(`rln${name}`, this.value(`rln${name}`));
    }
    return this;
  }

  private value(name: string): string {
    return new RegExp(`_${name} (\\S+)`).exec(this.optics.pairs)![1]!;
  }

  get text(): string {
    return this.optics.loop + this.particles.loop;
  }
}

function each(value: (i: number) => string | number): string[] {
  return Array.from({ length: PARTICLES }, (_, i) => String(value(i)));
}

type Value = Field[2][number];

/** A .cs file of the same particles. */
export class CryosparcFile {
  readonly fields = new Map<string, { type: string; values: Value[] }>();

  constructor() {
    const field = (name: string, type: string, value: (i: number) => Value) =>
      this.fields.set(name, { type, values: Array.from({ length: PARTICLES }, (_, i) => value(i)) });
    field("blob/path", "|S8", () => "p.mrcs");
    field("blob/idx", "<u4", (i) => i);
    field("blob/shape", "<u4", () => [8, 8]);
    field("blob/sign", "<f4", () => 1);
    field("blob/psize_A", "<f4", () => 2);
    field("ctf/accel_kv", "<f4", () => 300);
    field("ctf/cs_mm", "<f4", () => 2.7);
    field("ctf/amp_contrast", "<f4", () => 0.1);
    field("ctf/df1_A", "<f4", (i) => 15000 + 300 * i);
    field("ctf/df2_A", "<f4", (i) => 14800 + 300 * i);
    field("ctf/df_angle_rad", "<f4", (i) => 0.1 * i);
    field("ctf/phase_shift_rad", "<f4", () => 0);
    field("ctf/bfactor", "<f4", () => 0);
    field("alignments3D/split", "<u4", (i) => i % 2);
    field("alignments3D/shift", "<f4", (i) => [0.1 * i - 0.5, 0.75 - 0.1 * i]);
    field("alignments3D/pose", "<f4", (i) => [0.1 + 0.2 * i, 0.3 - 0.1 * i, 0.05 * i]);
    field("alignments3D/psize_A", "<f4", () => 2);
  }

  /** Sets a field for all rows, or in one row, counted from 0. */
  set(name: string, value: Value, row?: number, type?: string): this {
    const field = this.fields.get(name)!;
    const values = field.values.map((old, i) => (row === undefined || row === i ? value : old));
    this.fields.set(name, { type: type ?? field.type, values });
    return this;
  }

  drop(name: string): this {
    this.fields.delete(name);
    return this;
  }

  get bytes(): Buffer {
    return npy([...this.fields].map(([name, { type, values }]): Field => [name, type, values]));
  }
}

/** Writes p.mrcs, a stack of `count` images of 8×8 pixels whose header gives a pixel size of `apix` Å, 0 for none. */
export function writeImages(file: string, count = PARTICLES, apix = 2): void {
  const bytes = Buffer.alloc(1024 + 256 * count);
  for (const [word, value] of [8, 8, count, 2, 0, 0, 0, 8, 8, count].entries()) {
    bytes.writeInt32LE(value, 4 * word);
  }
  for (const [axis, edge] of [8, 8, count].entries()) bytes.writeFloatLE(edge * apix, 40 + 4 * axis);
  for (const word of [16, 17, 18]) bytes.writeInt32LE(word - 15, 4 * word);
  bytes.write("MAP ", 208);
  bytes.writeUInt32LE(0x4444, 212);
  // Pixels of a fixed pattern that differs from image to image
  for (let i = 0; i < 64 * count; i++) bytes.writeFloatLE(Math.sin(12.9898 * i) * 2, 1024 + 4 * i);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

/** Opens a file. @returns the set, or the message of the InputError; other errors are thrown */
export async function reading(
  file: string,
  options: Parameters<typeof openParticles>[1] = {},
): Promise<{ set?: ParticleSet; refusal: string }> {
  let set: ParticleSet | undefined;
  try {
    set = await openParticles(file, options);
    if (set.hasPoses) {
      set.rotations();
      set.shifts();
    }
    await set.checkStacks();
    return { set, refusal: "" };
  } catch (error) {
    if ((error as Error).name !== "InputError") throw error;
    return { refusal: (error as Error).message };
  } finally {
    await set?.close();
  }
}
