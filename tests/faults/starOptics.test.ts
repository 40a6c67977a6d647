import assert from "node:assert/strict";
import type { ParticleSet } from "e2gmm/dist/particles/particleSet";
import { describe } from "vitest";
import type { Star } from "./particleFiles";
import { type StarCase, starFolder, testCases } from "./starCases";

/** Optics and tables of STAR files as written by programs and scripts are read correctly or refused. */

const { at } = starFolder();

const apix = (expected: number) => (set: ParticleSet) =>
  assert.deepEqual([...new Set(set.opticsGroups.map((group) => group.apix))], [expected]);
const pixelOrigins = (star: Star) =>
  star.particles.rename("rlnOriginXAngst", "rlnOriginX").rename("rlnOriginYAngst", "rlnOriginY");
const shiftsAre = (factor: number) => (set: ParticleSet) =>
  assert.deepEqual(
    [...set.shifts()].slice(0, 4),
    [1, -1.5, 0.75, -1.25].map((x) => x * factor),
  );
const old = (star: Star) => star.flatten().particles.drop("rlnImagePixelSize", "rlnOpticsGroup").loop;
const general = (label: string, value: number) => `\ndata_general\n\n_${label} ${value}\n`;
const named = (name: string) => (star: Star) => star.particles.set("rlnImageName", (i) => `${i + 1}@${name}`);

const cases: StarCase[] = [
  { name: "a good file", notes: [], holds: apix(2) },
  // Blocks of pairs
  { name: "optics as pairs", text: (s) => s.optics.pairs + s.particles.loop, notes: [], holds: apix(2) },
  {
    name: "optics as pairs after the particles",
    text: (s) => s.particles.loop + s.optics.pairs,
    holds: apix(2),
  },
  {
    name: "optics as pairs with comments and quotes",
    text: (s) => s.optics.pairs.replace("group1", "'my group' # its name") + s.particles.loop,
    holds: (set) => assert.equal(set.opticsGroup(0).name, "my group"),
  },
  {
    name: "optics as pairs, a duplicate one",
    text: (s) => `${s.optics.pairs}_rlnVoltage 200\n${s.particles.loop}`,
    refused: /line \d+: expected each name once, found _rlnVoltage/,
  },
  {
    name: "optics as pairs, one without a value",
    text: (s) => s.optics.pairs.replace("_rlnVoltage 300", "_rlnVoltage") + s.particles.loop,
    refused: /line \d+: expected one value of _rlnVoltage, found 0/,
  },
  {
    name: "optics as pairs, voltage 0",
    change: (s) => s.optics.set("rlnVoltage", 0),
    text: (s) => s.optics.pairs + s.particles.loop,
    refused: /data_optics \(line \d+\), column _rlnVoltage: expected a voltage/,
  },
  {
    name: "one particle as pairs",
    text: (s) => s.optics.pairs + s.particles.pairs,
    holds: (set) => assert.deepEqual([set.count, set.image(0).section], [1, 0]),
  },
  { name: "another block of pairs before", text: (s) => general("rlnSomething", 1) + s.text, notes: [] },
  // Optics in the particle table
  {
    name: "optics in the particle table",
    text: (s) => s.flatten().particles.drop("rlnOpticsGroup").loop,
    notes: [],
    holds: apix(2),
  },
  {
    name: "optics in the particle table, with group names",
    text: (s) => s.flatten().particles.loop,
    notes: [/no data_optics/],
    holds: apix(2),
  },
  {
    name: "two sets of optics in the particle table",
    text: (s) => {
      s.flatten().particles.set("rlnVoltage", 200, 5);
      return s.particles.loop;
    },
    holds: (set) => assert.deepEqual([set.ctf(4)!.voltage, set.ctf(5)!.voltage], [300, 200]),
  },
  {
    name: "voltage in the particle table, the rest in data_optics",
    change: (s) => {
      s.optics.drop("rlnVoltage");
      s.particles.set("rlnVoltage", 200);
    },
    holds: (set) => assert.equal(set.ctf(3)!.voltage, 200),
  },
  {
    name: "_rlnPixelSize",
    text: (s) => `${old(s)}`.replace("rlnMicrographName", "rlnMicrographName"),
    change: (s) => s.particles.set("rlnPixelSize", 2),
    notes: [],
    holds: apix(2),
  },
  {
    name: "magnification and detector",
    change: (s) => s.particles.set("rlnMagnification", 25000).set("rlnDetectorPixelSize", 5),
    text: old,
    notes: [],
    holds: apix(2),
  },
  // The pixel size
  {
    name: "no pixel size: from the stack",
    change: named("p.mrcs"),
    text: old,
    notes: [/^no pixel size in the STAR file: 2 Å is taken from the image stack$/],
    holds: apix(2),
  },
  {
    name: "no pixel size: 1 Å in the stack",
    change: named("unit.mrcs"),
    text: old,
    notes: [/1 Å is taken from the image stack, which many programs write for an unknown one/],
    holds: apix(1),
  },
  {
    name: "no pixel size anywhere",
    change: named("unknown.mrcs"),
    text: old,
    refused: /expected a pixel size .*--apix.* none in the image stack/,
  },
  {
    name: "no pixel size anywhere, but given",
    change: named("unknown.mrcs"),
    text: old,
    options: { apix: 1.25 },
    notes: [],
    holds: (set) => {
      apix(1.25)(set);
      shiftsAre(1)(set);
    },
  },
  {
    name: "no pixel size in data_optics",
    change: (s) => s.optics.drop("rlnImagePixelSize"),
    refused: /data_optics: expected a column _rlnImagePixelSize, .*--apix.*found neither/,
  },
  {
    name: "no pixel size in data_optics, but given",
    change: (s) => s.optics.drop("rlnImagePixelSize"),
    options: { apix: 1.25 },
    holds: apix(1.25),
  },
  {
    name: "another pixel size given: shifts in Å are scaled",
    options: { apix: 4 },
    holds: (set) => {
      apix(4)(set);
      shiftsAre(2)(set);
    },
  },
  {
    name: "another pixel size given: shifts in pixels are not scaled",
    change: pixelOrigins,
    options: { apix: 4 },
    holds: shiftsAre(4),
  },
  {
    name: "pixel size 0, but given",
    change: (s) => s.optics.set("rlnImagePixelSize", 0),
    options: { apix: 2 },
    holds: apix(2),
  },
  {
    name: "one pixel size given for two",
    text: (s) => {
      s.flatten().particles.set("rlnImagePixelSize", 3, 4);
      return s.particles.loop;
    },
    options: { apix: 2 },
    refused: /--apix: .*particles of one pixel size, found 2 and 3 Å/,
  },
  {
    name: "two different pixel sizes",
    change: (s) => s.particles.set("rlnImagePixelSize", 1.5),
    refused:
      /row 1 .*_rlnImagePixelSize: expected 2, as _rlnImagePixelSize of data_optics says, found 1.5 .*--apix/,
  },
  {
    name: "two different pixel sizes in one row",
    change: (s) => s.particles.set("rlnPixelSize", 2).set("rlnPixelSize", 1.98, 7),
    refused: /row 8 .*_rlnPixelSize: expected 2, .*found 1.98/,
  },
  {
    name: "two pixel sizes in data_optics",
    change: (s) => s.optics.set("rlnPixelSize", 1.5),
    refused: /_rlnPixelSize: expected 2, as _rlnImagePixelSize says, found 1.5/,
  },
  {
    name: "pixel size and magnification disagree",
    change: (s) => s.particles.set("rlnMagnification", 25000).set("rlnDetectorPixelSize", 6),
    refused: /_rlnDetectorPixelSize \/ _rlnMagnification: expected 2, .*found 2.4/,
  },
  {
    name: "two different pixel sizes, and one given",
    change: (s) => s.particles.set("rlnImagePixelSize", 1.5),
    options: { apix: 2 },
    holds: apix(2),
  },
  {
    name: "two equal pixel sizes",
    change: (s) =>
      s.particles
        .set("rlnImagePixelSize", 2.0001)
        .set("rlnMagnification", 25000)
        .set("rlnDetectorPixelSize", 5),
    notes: [],
    holds: apix(2),
  },
  {
    name: "two different voltages",
    change: (s) => s.particles.set("rlnVoltage", 200, 2),
    refused: /row 1 .*_rlnVoltage: expected 300, as _rlnVoltage of data_optics says, found 0/,
  },
  {
    name: "a magnification of 0 beside a pixel size",
    change: (s) => s.particles.set("rlnMagnification", 0).set("rlnDetectorPixelSize", 0),
    holds: apix(2),
  },
  {
    name: "a magnification of 0 without a pixel size",
    change: (s) => s.particles.set("rlnMagnification", 0).set("rlnDetectorPixelSize", 5),
    text: old,
    refused: /_rlnDetectorPixelSize \/ _rlnMagnification: expected a finite number, found Infinity/,
  },
  // Duplicate tables and groups
  {
    name: "a duplicate optics group",
    change: (s) => s.optics.take(0, 0).set("rlnVoltage", 200, 1),
    refused: /row 2 .*_rlnOpticsGroup: expected each optics group once, found a second group 1/,
  },
  {
    name: "a missing optics group",
    change: (s) => s.particles.set("rlnOpticsGroup", 2, 3),
    refused: /row 4 .*_rlnOpticsGroup: expected a group of data_optics \(1\), found 2/,
  },
  {
    name: "a second data_particles",
    text: (s) => s.text + s.particles.loop,
    refused: /expected one table data_particles, found 2, of 12 and 12 rows/,
  },
  {
    name: "a second data_optics",
    text: (s) => s.optics.loop + s.text,
    refused: /expected one table data_optics, found 2/,
  },
  {
    name: "a second loop in data_particles",
    text: (s) => s.text + s.particles.loop.replace("data_particles", ""),
    refused: /expected one table data_particles, found 2/,
  },
  {
    name: "two tables with images",
    text: (s) =>
      s.text.replace("data_particles", "data_a") + s.particles.loop.replace("data_particles", "data_b"),
    refused: /or data_particles, found data_a, data_b/,
  },
  {
    name: "a flag of 2",
    change: (s) => s.optics.set("rlnCtfDataArePhaseFlipped", 2),
    refused: /row 1 \(line 14\), column _rlnCtfDataArePhaseFlipped: expected 0 or 1, found 2/,
  },
  {
    name: "two optics groups without a column for them",
    text: (s) => `${s.optics.loop}2 group2 300 2.7 0.1 2 8 2\n${s.particles.drop("rlnOpticsGroup").loop}`,
    refused: /data_particles: expected a column _rlnOpticsGroup, found none/,
  },
  {
    name: "volumes without a number",
    change: (s) => s.particles.set("rlnImageName", (i) => (i === 0 ? "cube.mrc" : `${i + 1}@p.mrcs`)),
    refused: /an image number before @, since cube\.mrc holds 8 images, found a name alone \(subtomograms/,
  },
  {
    name: "a missing stack",
    change: (s) => s.particles.set("rlnImageName", "1@gone.mrcs", 5),
    refused: /the image stack gone\.mrcs .*; row 6 names it first/,
  },
];

describe("optics and tables of STAR files", () => testCases(at, cases));
