import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, sharedData, temporaryFolder } from "../../../tests/testing";
import { createStack, openMrc } from "../formats/mrc";
import { disc } from "../fourier/disc";
import { fft2Real, frequency, halfWidth, shiftOrigin } from "../fourier/fft";
import { pearson } from "../latent/statistics";
import { lowPass } from "../maps/filter";
import { readMap } from "../maps/mapFile";
import { MapProjector } from "../maps/mapProjector";
import type { Volume } from "../maps/volume";
import { CtfEvaluator } from "../optics/ctf";
import { openParticles } from "../particles/particleSet";
import { Random } from "../random";
import { fourierShellCorrelation, resolutionAt } from "./fsc";
import type { ImageSource } from "./imageSource";
import { reconstruct } from "./reconstruct";
import { type Pixels, type Pose, randomPoses, writeStar } from "./relionStar.test.helper";

/*
 * Comparisons with RELION. The test writes the STAR file and computes rotations itself, so that neither side can borrow
 * a convention from the other.
 */

const programs = haveProgram("relion_project") && haveProgram("relion_reconstruct");
const handFile = sharedData("formats", "hand-vol.mrc");
const skip = !programs ? "RELION is not installed" : handFile === undefined ? "no shared data" : false;

/** RELION's ZYZ Euler matrix. */
function eulerMatrix({ rot, tilt, psi }: Pose): number[] {
  const [a, b, g] = [rot, tilt, psi].map((angle) => (angle * Math.PI) / 180) as [number, number, number];
  const [ca, sa, cb, sb, cg, sg] = [a, b, g].flatMap((angle) => [
    Math.cos(angle),
    Math.sin(angle),
  ]) as number[];
  return [
    cg! * cb! * ca! - sg! * sa!,
    cg! * cb! * sa! + sg! * ca!,
    -cg! * sb!,
    -sg! * cb! * ca! - cg! * sa!,
    -sg! * cb! * sa! + cg! * ca!,
    sg! * sb!,
    sb! * ca!,
    sb! * sa!,
    cb!,
  ];
}

function sourceOf(poses: Pose[], images: Float32Array, { size, apix }: Pixels, ctf: boolean): ImageSource {
  const group = { boxSize: size, apix, phaseFlipped: false, ctfPremultiplied: false };
  const pixels = size * size;
  return {
    count: poses.length,
    boxSize: size,
    apix,
    opticsGroup: () => group,
    rotations: () => Float32Array.from(poses.flatMap(eulerMatrix)),
    shifts: () => Float32Array.from(poses.flatMap(({ originX, originY }) => [-originX, -originY])),
    ctf: (i) => (ctf ? poses[i]!.ctf : undefined),
    readGroupImages: async (indices) => {
      const out = new Float32Array(indices.length * pixels);
      for (let n = 0; n < indices.length; n++) {
        out.set(images.subarray(indices[n]! * pixels, (indices[n]! + 1) * pixels), n * pixels);
      }
      return out;
    },
  };
}

/** Projects the test map with RELION; returns the images. */
async function projectWithRelion(folder: string, poses: Pose[], apix: number, ctf: boolean) {
  const map = handFile!;
  const { size } = await readMap(map, { apix });
  writeStar(path.join(folder, "poses.star"), poses, "none.mrcs", { apix, size: size[0] });
  const args = ["--i", map, "--o", "projected", "--ang", "poses.star", "--angpix", String(apix)];
  runProgram("relion_project", ctf ? [...args, "--ctf"] : args, folder);
  const stack = await openMrc(path.join(folder, "projected.mrcs"));
  try {
    return await stack.readSections(0, poses.length);
  } finally {
    await stack.close();
  }
}

function mirrored(volume: Volume): Float32Array {
  const [nx, ny, nz] = volume.size;
  const out = new Float32Array(volume.data.length);
  const at = (i: number, n: number) => (2 * (n >> 1) - i + n) % n;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) out[i] = volume.data[x + nx * (y + ny * at(z, nz))]!;
    }
  }
  return out;
}

test(
  "slices of a map agree with relion_project in every ring, including shifts and CTF",
  skipIf(skip),
  async (t) => {
    const apix = 1.5;
    const map = await readMap(handFile!, { apix });
    const size = map.size[0];
    const poses = randomPoses(12, 1);
    const images = await projectWithRelion(temporaryFolder(t), poses, apix, true);
    const rings = Math.floor((size - 1) / 2);
    const layout = disc(rings);
    const slices = new MapProjector(map).project(Float32Array.from(poses.flatMap(eulerMatrix)), rings);
    const sums = Array.from({ length: rings + 1 }, () => [0, 0, 0]);
    poses.forEach((pose, n) => {
      const half = fft2Real(images.subarray(n * size ** 2, (n + 1) * size ** 2), size, size);
      shiftOrigin(half, [size, size, 1], "toCentre");
      const ctf = new CtfEvaluator(pose.ctf);
      for (let i = 0; i < layout.samples; i++) {
        const ring = layout.ring[i]!;
        if (ring === 0) continue;
        const [kx, ky] = [Math.floor(i / (2 * rings + 1)), (i % (2 * rings + 1)) - rings];
        const from = 2 * (kx + halfWidth(size) * ((ky + size) % size));
        assert.equal(frequency((ky + size) % size, size), ky);
        const at = 2 * (n * layout.samples + i);
        const angle = (2 * Math.PI * (kx * pose.originX + ky * pose.originY)) / (size * apix);
        const c = ctf.at(kx / (size * apix), ky / (size * apix));
        const re = c * (slices[at]! * Math.cos(angle) - slices[at + 1]! * Math.sin(angle));
        const im = c * (slices[at]! * Math.sin(angle) + slices[at + 1]! * Math.cos(angle));
        const [p, q] = [half[from]!, half[from + 1]!];
        sums[ring]![0]! += re * p + im * q;
        sums[ring]![1]! += re * re + im * im;
        sums[ring]![2]! += p * p + q * q;
      }
    });
    sums.slice(1).forEach(([ab, aa, bb], i) => {
      const found = ab! / Math.sqrt(aa! * bb!);
      // The rest is RELION's linear interpolation.
      assert.ok(found > 0.999, `ring ${i + 1}: correlation ${found}`);
      const scale = Math.sqrt(bb! / aa!);
      assert.ok(Math.abs(scale - 1) < 0.02, `ring ${i + 1}: scale ${scale}`);
    });
  },
);

test("images projected by RELION give the map back, with the right hand", skipIf(skip), async (t) => {
  const apix = 1.5;
  const original = await readMap(handFile!, { apix });
  const size = original.size[0];
  const poses = randomPoses(200, 2);
  for (const ctf of [false, true]) {
    const images = await projectWithRelion(temporaryFolder(t), poses, apix, ctf);
    const { map } = await reconstruct(sourceOf(poses, images, { size, apix }, ctf), { halves: "none" });
    // To half Nyquist, since the original extends into the corners of Fourier space, where images do not reach.
    const [ours, theirs] = [map, original].map((volume) => lowPass(volume, 4 * apix)) as [Volume, Volume];
    const right = pearson(ours.data, theirs.data);
    const wrong = pearson(ours.data, mirrored(theirs));
    assert.ok(right > 0.99, `correlation ${right}${ctf ? " with CTF" : ""}`);
    assert.ok(wrong < right - 0.1, `mirrored ${wrong}, as made ${right}`);
    const { fsc } = fourierShellCorrelation(map, original);
    assert.ok(
      fsc.slice(1, size / 4 + 1).every((value) => value > 0.98),
      `${ctf ? "with" : "without"} CTF: ${fsc.join(" ")}`,
    );
  }
});

test(
  "few noisy images give the same map as relion_reconstruct without gridding iterations, to FSC 0.999",
  skipIf(skip),
  async (t) => {
    const apix = 1.5;
    const folder = temporaryFolder(t);
    const size = (await readMap(handFile!, { apix })).size[0];
    const poses = randomPoses(300, 3);
    const images = await projectWithRelion(folder, poses, apix, true);
    const power = images.reduce((sum, value) => sum + value * value, 0) / images.length;
    const random = new Random(4);
    for (let i = 0; i < images.length; i++) images[i]! += 2 * Math.sqrt(power) * random.normal();
    const stack = await createStack(path.join(folder, "noisy.mrcs"), { size: [size, size], apix });
    await stack.append(images);
    await stack.close();
    writeStar(path.join(folder, "noisy.star"), poses, "noisy.mrcs", { apix, size });
    // Gridding iterations change the map of few and noisy images; see the test with many images.
    const args = ["--i", "noisy.star", "--o", "relion.mrc", "--ctf", "--skip_gridding"];
    runProgram("relion_reconstruct", args, folder);
    const theirs = await readMap(path.join(folder, "relion.mrc"), { apix });
    const { map } = await reconstruct(sourceOf(poses, images, { size, apix }, true), { halves: "none" });
    const { fsc } = fourierShellCorrelation(map, theirs);
    assert.ok(
      fsc.slice(0, size / 2 - 1).every((value) => value > 0.999),
      fsc.join(" "),
    );
  },
);

const adk = sharedData("adk", "particles.star");

test(
  "3,000 images give RELION's reconstruction with gridding iterations, to FSC 0.99 up to half Nyquist",
  skipIf(adk === undefined && "no shared data"),
  async () => {
    const consensus = await readMap(sharedData("adk", "consensus.mrc")!, { apix: 1.5 });
    const particles = await openParticles(adk!);
    try {
      const { map, fsc: halves } = await reconstruct(particles);
      const { fsc } = fourierShellCorrelation(map, consensus);
      assert.ok(
        fsc.slice(0, 17).every((value) => value > 0.99),
        fsc.join(" "),
      );
      const resolution = resolutionAt(halves!, 0.143);
      assert.ok(resolution > 5 && resolution < 6.5, `half maps agree to ${resolution} Å`);
    } finally {
      await particles.close();
    }
  },
);
