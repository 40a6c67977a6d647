import type { TrainedReport } from "./trainedSettings";

/** The rounds with a training as text of a table, one row for each. */
export function trainingsTable({ trainings }: Pick<TrainedReport, "trainings">): string {
  const ofHalf = [
    ...["evidence_nats", "evidence_error", "motion_angstrom", "real_axes"],
    ...["pose_gain_nats", "pose_gain_error"],
  ];
  const header = [
    ...["round", "kept", "resolution_angstrom", "fsc_0.5_angstrom", "fsc_0.143_angstrom", "fsc_gain"],
    ...["fsc_gain_error", "moved_degrees", "moved_angstrom"],
    ...[1, 2].flatMap((half) => ofHalf.map((name) => `${name}_half${half}`)),
  ];
  const number = (value: number | undefined, digits = 4) =>
    value !== undefined && Number.isFinite(value) ? value.toFixed(digits) : "";
  const rows = trainings.map(({ round, kept, resolution, after, halfMaps, moved, halves }) => [
    ...[round, kept ? 1 : 0, number(resolution), number(after.half), number(after.seventh)],
    ...[number(halfMaps.gain, 5), number(halfMaps.standardError, 5)],
    ...[number(moved.angle.rms), number(moved.shift.rms)],
    ...halves.flatMap(({ evidence, poses }) => [
      ...[number(evidence.gain?.gain), number(evidence.gain?.standardError), number(evidence.motion)],
      ...[evidence.realAxes ?? "", number(poses.gain.gain), number(poses.gain.standardError)],
    ]),
  ]);
  return `${[header, ...rows].map((row) => row.join(",")).join("\n")}\n`;
}
