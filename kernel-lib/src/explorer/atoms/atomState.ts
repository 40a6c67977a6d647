/** States in which an atomic model can lie. */
export const atomStates = ["neutral", "ring"] as const;
/** One of {@link atomStates}: the neutral model, as a model fitted into the consensus map, or the state at the probe. */
export type AtomState = (typeof atomStates)[number];
