import { writeFileSync } from "node:fs";
import type { Ctf } from "../optics/ctf";
import { plainCtf } from "../optics/ctf.test.helper";
import { Random } from "../random";

/** Orientation, shift in Å and CTF of a particle, as RELION has them. */
export interface Pose {
  rot: number;
  tilt: number;
  psi: number;
  originX: number;
  originY: number;
  ctf: Ctf;
}

/** Uniform orientations, shifts up to 3 Å, defoci from 0.8 to 2 µm. */
export function randomPoses(count: number, seed: number): Pose[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const defocus = 8000 + 12000 * random.uniform();
    return {
      rot: 360 * random.uniform() - 180,
      tilt: (Math.acos(2 * random.uniform() - 1) * 180) / Math.PI,
      psi: 360 * random.uniform() - 180,
      originX: 6 * random.uniform() - 3,
      originY: 6 * random.uniform() - 3,
      ctf: {
        ...plainCtf,
        defocusU: defocus + 600 * random.uniform(),
        defocusV: defocus,
        angle: 180 * random.uniform(),
      },
    };
  });
}

/** Pixels along each edge of an image, and their size in Å. */
export interface Pixels {
  size: number;
  apix: number;
}

/** Writes a STAR file of one optics group, with more columns of it as given. */
export function writeStar(
  file: string,
  poses: Pose[],
  stack: string,
  { apix, size }: Pixels,
  more: Record<string, string | number> = {},
): void {
  const rows = poses.map(({ rot, tilt, psi, originX, originY, ctf }, i) =>
    [rot, tilt, psi, originX, originY, ctf.defocusU, ctf.defocusV, ctf.angle]
      .map((value) => value.toFixed(6))
      .concat("1", `${String(i + 1).padStart(6, "0")}@${stack}`)
      .join(" "),
  );
  const columns = "AngleRot AngleTilt AnglePsi OriginXAngst OriginYAngst DefocusU DefocusV DefocusAngle";
  const text = [
    "data_optics\n\nloop_",
    ..."OpticsGroupName OpticsGroup Voltage SphericalAberration AmplitudeContrast ImagePixelSize ImageSize ImageDimensionality"
      .split(" ")
      .concat(Object.keys(more))
      .map((name) => `_rln${name}`),
    ["opticsGroup1 1 300 2.7 0.1", apix, size, 2, ...Object.values(more), "\n"].join(" "),
    "data_particles\n\nloop_",
    ...`${columns} OpticsGroup ImageName`.split(" ").map((name) => `_rln${name}`),
    ...rows,
    "",
  ].join("\n");
  writeFileSync(file, text);
}
