import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { someNumbers } from "../../network/testData.test.helper";
import { CurvedSpace } from "./curvedSpace";

describe("curved space", () => {
  test("axes that are polynomials of one axis are recovered, and so is a curve from noise", () => {
    const curve = (x: number): [number, number] => [0.5 * x * x - 0.5, 0.2 * x ** 3 - 0.6 * x + 0.1];
    const x = someNumbers(3000, 1);
    const noise = someNumbers(6000, 2);
    for (const spread of [0, 0.2]) {
      const z = Float32Array.from({ length: 9000 }, (_, i) => {
        const row = Math.floor(i / 3);
        const own = [x[row]!, ...curve(x[row]!)];
        return own[i % 3]! + (i % 3 > 0 ? spread * noise[2 * row + (i % 3) - 1]! : 0);
      });
      const places = new CurvedSpace(z, 3, 1).places(Float32Array.of(-1.5, 0, 1.2));
      for (const [i, y] of [-1.5, 0, 1.2].entries()) {
        const expected = [y, ...curve(y)];
        for (let d = 0; d < 3; d++) {
          const difference = Math.abs(places[3 * i + d]! - expected[d]!);
          assert.ok(difference < (spread ? 0.05 : 0.01), `axis ${d} at ${y}: ${difference}`);
        }
      }
    }
  });

  test("mixed products of two free axes are recovered", () => {
    const yz = someNumbers(4000, 3);
    const z = Float32Array.from({ length: 6000 }, (_, i) => {
      const [a, b] = [yz[2 * Math.floor(i / 3)]!, yz[2 * Math.floor(i / 3) + 1]!];
      return [a, b, 0.7 * a * b - 0.2 * a * a * b][i % 3]!;
    });
    const [, , dependent] = new CurvedSpace(z, 3, 2).places(Float32Array.of(0.5, -1));
    assert.ok(Math.abs(dependent! - (0.7 * -0.5 + 0.2 * 0.25)) < 0.01, `${dependent}`);
  });

  test("where all axes are free, places are the coordinates", () => {
    const z = someNumbers(30, 4);
    assert.deepEqual(new CurvedSpace(z, 3, 3).places(z), z);
  });
});
