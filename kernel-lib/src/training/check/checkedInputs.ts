/** Whether something that was looked at is in order. */
export type FindingStatus = "ok" | "warning" | "error";

/** Something that was looked at before a training. */
export interface Finding {
  /** What was looked at, such as `pixel size`. */
  topic: string;
  /** `error`: a training would refuse it; `warning`: it would train, and probably not as wished. */
  status: FindingStatus;
  /** What was found, and what to do unless it is in order. */
  sentence: string;
}

/** Agreement in one Fourier ring. */
export interface CheckedRing {
  /** Fourier ring, from 1. */
  ring: number;
  /** Å. */
  resolution: number;
  /** Mean FRC of the particles of the sample with the projections of the model. */
  particles: number;
  /** FRC of projections of the map with those of the model; undefined without a map. */
  map?: number;
}

/** Result of {@link checkInputs}. */
export interface CheckedInputs {
  /** The worst status of the findings. */
  status: FindingStatus;
  /** What was looked at, in this order. */
  findings: Finding[];
  /** Agreement by ring; empty if it could not be measured. */
  rings: CheckedRing[];
}
