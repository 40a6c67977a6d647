import type { RoundsReport } from "./roundsSettings";

/** The rounds as text of a table, one row for each; the first, 0, is that of the poses in the file. */
export function roundsTable({ before, rounds }: RoundsReport): string {
  const header = [
    ...[
      "round",
      "kept",
      "aligned_to_angstrom",
      "fsc_0.5_angstrom",
      "fsc_0.143_angstrom",
      "fsc_gain",
      "fsc_gain_error",
    ],
    ...["moved_degrees", "moved_angstrom", "gain_half1_nats", "gain_half2_nats"],
    ...["prior1_degrees", "prior1_angstrom", "prior2_degrees", "prior2_angstrom"],
  ];
  const number = (value: number, digits = 4) => (Number.isFinite(value) ? value.toFixed(digits) : "");
  const first = [0, 1, "", number(before.half), number(before.seventh), ...new Array(10).fill("")];
  const rows = rounds.map(({ round, kept, alignedTo, resolution, halfMaps, moved, halves }) => [
    ...[round, kept ? 1 : 0, number(alignedTo), number(resolution.half), number(resolution.seventh)],
    ...[number(halfMaps.gain, 5), number(halfMaps.standardError, 5)],
    ...[number(moved.angle.rms), number(moved.shift.rms)],
    ...halves.map(({ gain }) => number(gain.gain)),
    ...halves.flatMap(({ prior }) => [number(prior.rotation), number(prior.shift)]),
  ]);
  return `${[header, first, ...rows].map((row) => row.join(",")).join("\n")}\n`;
}
