/** Places of particles in the latent space of any program. */
export interface Places {
  /** Dimensions of the latent space. */
  latent: number;
  /** [particles · latent] */
  places: Float64Array;
  /**
   * What names the particle of each row: its image (`17@stack.mrcs`), or its `uid` of cryoSPARC. Undefined for rows in the order of the
   * particles. See `matchPlaces`.
   */
  names?: { column: "image" | "uid"; values: string[] };
}
