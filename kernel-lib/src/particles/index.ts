/** Particles with poses and CTF, read from RELION and cryoSPARC files. */

export { readCryodrgnPoses } from "./cryodrgnPoses";
export { describeLeftOut, type LeftOutImage } from "./images/imageOutliers";
export { writeResultGroup } from "./metadata/cryosparcGroup";
export {
  type Categories,
  type CategoryColumn,
  type ColumnDescription,
  type NumberColumn,
  type ParticleColumn,
  particleColumn as column,
  particleColumns as columns,
} from "./particleColumns";
export {
  type FileColumn,
  type OpenParticlesOptions,
  type OpticsGroup,
  openParticles as open,
  ParticleSet,
  type VisitImage,
} from "./particleSet";
export { type ParticleTargets, prepareTargets, type TargetOptions } from "./targets";
export { type ParticlePoses, type WritePosesOptions, writePoses } from "./writePoses";
export { latentColumns, type WriteSelectionOptions, writeSelection } from "./writeSelection";
