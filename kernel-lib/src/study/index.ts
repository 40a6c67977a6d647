/** Studies of what is reproduced: the whole twice on halves of the particles, with several seeds, with several options. */
export { type CorrectHalvesOptions, correctHalves, prepareHalvesCorrection } from "./correctHalves";
export { studySections as sections } from "./report/sections";
export type { StudySection } from "./report/studySection";
export type {
  HalvesSettings,
  OptionsSettings,
  RecordedSettings,
  SeedsSettings,
  StudyKind,
  StudySettings,
} from "./settings";
export {
  readStudy as read,
  resumeStudy as resume,
  studyHalves as halves,
  studyOptions as options,
  studySeeds as seeds,
} from "./studies";
export type {
  AverageReport,
  AxisReport,
  ChangeReport,
  ClusterPair,
  ClusterReport,
  Comparison,
  Finding,
  Interval,
  PartReport,
  PopulationReport,
  SpaceReport,
  StudyReport,
} from "./studyReport";
