import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { surveySentence } from "./sentence";

describe("the sentence of a survey", () => {
  const roles = { position: [0], density: [] };
  const kinds = [{ position: 1, density: 0 }];
  const gains = (...of: number[]) => of.map((gain) => ({ gain, standardError: 0.1 }));

  test("names the kinds of the axes", () => {
    assert.equal(
      surveySentence({ latent: 1, roles, kinds, axes: gains(5, 5) }),
      "the latent space gets one axis: conformation; more explain held-out particles no better",
    );
    const both = { position: [0], density: [1] };
    assert.match(
      surveySentence({ latent: 2, roles: both, kinds: [...kinds, ...kinds], axes: gains(5, 9) }),
      /^the latent space gets 2 axes: 1 of conformation, 1 of composition; /,
    );
  });

  test("says that axes of a second round are new, and beside how many", () => {
    const found = { latent: 1, roles, kinds: [], axes: gains(5, 5) };
    assert.match(
      surveySentence(found, { axes: 2, are: "fixed" }),
      /gets one new axis beside 2 that stay fixed; /,
    );
    assert.match(
      surveySentence(found, { axes: 1, are: "kept" }),
      /gets one new axis beside 1 that goes on; /,
    );
    const none = surveySentence({ ...found, axes: gains(-1) }, { axes: 1, are: "fixed" });
    assert.match(none, /one new axis beside 1 that stays fixed, although .* better than these alone$/);
  });

  test("says where no axis explains held-out particles better", () => {
    for (const first of [-0.3, 0.15]) {
      const found = surveySentence({ latent: 1, roles, kinds, axes: gains(first, -0.2) });
      assert.match(found, /one axis, although .* none explains held-out particles better/);
    }
  });
});
