/** State in which an atomic model lies: the neutral model, as one fitted into the consensus map, or the state at the probe. */
export type AtomState = "neutral" | "ring";

/** All of them. */
export const atomStates: readonly AtomState[] = ["neutral", "ring"];
