import type { Ctf } from "../particles/ctf";
import { eulerFromRotation } from "../particles/pose";
import type { Views } from "./projectImages";

/** RELION asks for a microscope even where images have no CTF. */
const noMicroscope = { voltage: 300, sphericalAberration: 2.7, amplitudeContrast: 0.1 };

/**
 * The STAR file (RELION 3.1) of projections: CTF columns only where the images have a CTF, since whoever reads them
 * corrects for it.
 * @param stack name of the stack, as seen from the STAR file
 */
export function projectionStar(
  { count, rotations, shifts, ctf: ctfOf }: Views,
  stack: string,
  box: { boxSize: number; apix: number },
): string {
  const groups = new OpticsGroups(box);
  const columns = ["AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst"];
  if (ctfOf) {
    columns.push("DefocusU", "DefocusV", "DefocusAngle", "PhaseShift", "CtfBfactor", "CtfScalefactor");
  }
  columns.push("OpticsGroup", "ImageName");
  const rows: string[] = [];
  for (let i = 0; i < count; i++) {
    const { rot, tilt, psi } = eulerFromRotation(rotations, 9 * i);
    const row = [rot, tilt, psi, -shifts[2 * i]!, -shifts[2 * i + 1]!].map(decimal);
    const ctf = ctfOf?.(i);
    if (ctf) {
      const { defocusU, defocusV, angle, phaseShift, bFactor, scale } = ctf;
      row.push(...[defocusU, defocusV, angle, phaseShift, bFactor, scale].map(decimal));
    }
    row.push(String(groups.number(ctf ?? noMicroscope)), `${String(i + 1).padStart(6, "0")}@${stack}`);
    rows.push(row.join(" "));
  }
  return `\ndata_optics\n\n${groups.table()}\n\ndata_particles\n\n${loop(columns)}\n${rows.join("\n")}\n`;
}

function decimal(value: number): string {
  const text = value.toFixed(6);
  return text === "-0.000000" ? "0.000000" : text;
}

function loop(columns: readonly string[]): string {
  return ["loop_", ...columns.map((name, i) => `_rln${name} #${i + 1}`)].join("\n");
}

type Microscope = Pick<Ctf, "voltage" | "sphericalAberration" | "amplitudeContrast">;

/** One group for each microscope that occurs, numbered from 1. */
class OpticsGroups {
  private readonly numbers = new Map<string, number>();

  constructor(private readonly box: { boxSize: number; apix: number }) {}

  number({ voltage, sphericalAberration, amplitudeContrast }: Microscope): number {
    const key = `${voltage} ${sphericalAberration} ${amplitudeContrast}`;
    const number = this.numbers.get(key) ?? this.numbers.size + 1;
    this.numbers.set(key, number);
    return number;
  }

  table(): string {
    const columns = [
      "OpticsGroupName",
      "OpticsGroup",
      "Voltage",
      "SphericalAberration",
      "AmplitudeContrast",
      "ImagePixelSize",
      "ImageSize",
      "ImageDimensionality",
    ];
    const { apix, boxSize } = this.box;
    const rows = [...this.numbers].map(
      ([microscope, n]) => `opticsGroup${n} ${n} ${microscope} ${apix} ${boxSize} 2`,
    );
    return [loop(columns), ...rows].join("\n");
  }
}
