import * as e2 from "e2gmm";
import { describe, expectTypeOf, test } from "vitest";

// What the compiler infers in a notebook, without a type written there. Checked by the type check of the tests (npm test -- types);
// the functions are never called.

describe("types in a notebook", () => {
  test("maps and models", () => {
    expectTypeOf(e2.maps.read).returns.resolves.toEqualTypeOf<e2.maps.Volume>();
    expectTypeOf(e2.model.grow).returns.resolves.toEqualTypeOf<e2.model.GrownModel>();
    expectTypeOf<e2.model.GrownModel["model"]>().toEqualTypeOf<e2.model.GaussianModel>();
    expectTypeOf(e2.model.density).returns.toEqualTypeOf<e2.maps.Volume>();
    expectTypeOf(e2.maps.lowPass).returns.toEqualTypeOf<e2.maps.Volume>();
    expectTypeOf<e2.maps.Volume["data"]>().toEqualTypeOf<Float32Array>();
  });

  test("particles", () => {
    expectTypeOf(e2.particles.open).returns.resolves.toEqualTypeOf<e2.particles.ParticleSet>();
    expectTypeOf<e2.particles.ParticleSet["count"]>().toEqualTypeOf<number>();
    expectTypeOf<ReturnType<e2.particles.ParticleSet["select"]>>().toEqualTypeOf<e2.particles.ParticleSet>();
  });

  test("training and results of a run", () => {
    expectTypeOf(e2.train).returns.resolves.toEqualTypeOf<e2.training.Run>();
    expectTypeOf(e2.openRun).returns.resolves.toEqualTypeOf<e2.training.Run>();
    expectTypeOf<ReturnType<e2.training.Run["decode"]>>().toEqualTypeOf<e2.model.GaussianModel>();
    expectTypeOf<Awaited<ReturnType<e2.training.Run["latents"]>>["refined"]>().toEqualTypeOf<Float32Array>();
    expectTypeOf<"position" | "amplitude" | "width">().toEqualTypeOf<e2.training.Varied>();
    // Only existing names are accepted
    expectTypeOf<{ vary: ["place"] }>().not.toExtend<Partial<e2.training.TrainingOptions>>();
    expectTypeOf<{ latent: 2; vary: ["position"] }>().toExtend<Partial<e2.training.TrainingOptions>>();
  });

  test("reconstruction: half maps and FSC may be missing", () => {
    expectTypeOf(e2.reconstruct).returns.resolves.toEqualTypeOf<e2.reconstruction.Reconstruction>();
    expectTypeOf<e2.reconstruction.Reconstruction["fsc"]>().toEqualTypeOf<
      e2.reconstruction.FscCurve | undefined
    >();
    expectTypeOf(e2.reconstruction.resolutionAt).returns.toEqualTypeOf<number>();
  });

  test("latent space", () => {
    expectTypeOf(e2.latent.rowsByLabel).returns.items.toEqualTypeOf<Uint32Array>();
    expectTypeOf(e2.latent.columnsOf).returns.items.toEqualTypeOf<Float32Array>();
    expectTypeOf(e2.latent.pearson).returns.toEqualTypeOf<number>();
  });

  test("explorer, widgets and figures can be shown", () => {
    expectTypeOf(e2.explore).returns.resolves.toEqualTypeOf<e2.explorer.Explorer>();
    expectTypeOf<e2.explorer.Explorer>().toExtend<e2.Displayable>();
    expectTypeOf<e2.figures.Figure>().toExtend<e2.Displayable>();
    expectTypeOf<e2.figures.Table>().toExtend<e2.Displayable>();
    const slider = (given: { value: number }) => new e2.widgets.FloatSlider(given);
    expectTypeOf<ReturnType<typeof slider>["value"]>().toEqualTypeOf<number>();
  });
});
