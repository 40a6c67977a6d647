import type { ParticleTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import type { PopulationMixture } from "../evidence/populationMixture";
import { measurePopulation } from "../evidence/populationPlaces";
import { evenly, keepInMemory } from "../evidence/sample";
import { particlesAmong } from "../imageGroups";
import type { PlaceDecoder } from "../posterior/decoders";
import type { Trainer } from "../trainer";

/** Most particles of the training set from which the density of their places is estimated. */
const most = 512;

/** The population of a training set, as the decoders of a survey see it; its particles are read once. */
export class SurveyedPopulation {
  private readonly members: Int32Array;
  private targets: Promise<ParticleTargets> | undefined;

  constructor(private readonly trainer: Trainer) {
    this.members = evenly(particlesAmong(trainer.targets, trainer.trainingSet.slice().sort()), most);
  }

  /**
   * The density of the places.
   * @param places about where the particles are, of all of them, [particles · latent]
   */
  async density(
    decoder: PlaceDecoder,
    places: Float32Array,
    options: TaskOptions,
  ): Promise<PopulationMixture> {
    const context = await this.trainer.projections();
    this.targets ??= keepInMemory(context.targets, this.members);
    const population = { latent: decoder.latent, members: this.members, mean: places };
    return measurePopulation({ ...context, decoder, targets: await this.targets }, population, {
      ...(options.signal && { signal: options.signal }),
    });
  }
}
