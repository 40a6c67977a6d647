import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { detailOf } from "./detail";

describe("the detail of a training", () => {
  const model = { boxSize: 20, apix: 4.8 };
  const sentence = (requested: number | undefined, lastRing = 9) =>
    detailOf({ model, rings: requested === 12 ? 8 : 9, lastRing, requested }).sentence;

  test("is as requested only if the model's box holds what was requested", () => {
    assert.equal(
      sentence(12),
      "the training goes to 12.0 Å: as requested; particles and neutral model agree to there",
    );
    assert.equal(
      sentence(3),
      "the training goes to 10.7 Å: all that the model's box holds of the 3 Å requested; particles and neutral model agree to there",
    );
    assert.match(sentence(undefined), /^the training goes to 10\.7 Å: all that the model's box holds; /);
  });

  test("names the limit of the rings where particles and model agree less far", () => {
    assert.match(
      sentence(3, 4),
      /^the training goes to 24\.0 Å: beyond it, .* \(rings go to 10\.7 Å, all that .* 3 Å requested\)$/,
    );
    assert.match(sentence(12, 4), /\(rings go to 12\.0 Å, as requested\)$/);
  });
});
