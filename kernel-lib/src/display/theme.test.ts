import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { dashes, markers, seriesStyle, setColours } from "./theme";

type Triple = [number, number, number];

function linear(colour: string): Triple {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

const times = (matrix: readonly Triple[], v: Triple): Triple =>
  matrix.map((row) => row.reduce((sum, m, i) => sum + m * v[i]!, 0)) as Triple;

const toXyz: Triple[] = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];

/** CIE 1976 L*a*b* under D65. */
function lab(rgb: Triple): Triple {
  const [x, y, z] = times(toXyz, rgb).map((value, i) => {
    const part = value / [0.95047, 1, 1.08883][i]!;
    return part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116;
  }) as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Simulated colour vision deficiencies (Machado, Oliveira and Fernandes, 2009, severity 1). */
const vision: Record<string, Triple[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

describe("the colours of sets", () => {
  test("are twelve, and 48 sets differ in colour or marker", () => {
    assert.equal(new Set(setColours.map((colour) => colour.toLowerCase())).size, 12);
    const looks = Array.from({ length: 48 }, (_, i) => seriesStyle(i));
    assert.equal(new Set(looks.map(({ colour, marker }) => colour + marker)).size, 48);
    assert.ok(looks.slice(0, 12).every(({ marker }) => marker === "circle"));
    assert.equal(new Set(markers.map((marker) => dashes[marker])).size, markers.length);
  });

  for (const [theme, background] of [
    ["light", "#ffffff"],
    ["dark", "#111111"],
  ] as const) {
    test(`stand out from the background of a ${theme} theme`, () => {
      const luminance = (colour: string) => times(toXyz, linear(colour))[1];
      for (const colour of setColours) {
        const [low, high] = [luminance(colour), luminance(background)].sort((a, b) => a - b);
        const contrast = (high! + 0.05) / (low! + 0.05);
        assert.ok(contrast >= 2, `${colour} has a contrast of ${contrast}`);
      }
    });
  }

  for (const [name, matrix] of Object.entries(vision)) {
    test(`can be told apart: ${name}`, () => {
      const seen = setColours.map((colour) =>
        lab(times(matrix, linear(colour)).map((value) => Math.min(Math.max(value, 0), 1)) as Triple),
      );
      for (let i = 0; i < seen.length; i++) {
        for (let j = 0; j < i; j++) {
          const apart = Math.hypot(...seen[i]!.map((value, c) => value - seen[j]![c]!));
          assert.ok(apart >= 16, `${setColours[i]} and ${setColours[j]} differ by ${apart}`);
        }
      }
    });
  }
});
