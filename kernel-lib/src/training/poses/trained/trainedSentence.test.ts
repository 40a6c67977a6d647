import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { evidenceOfRounds, trainedSentence } from "./trainedSentence";
import type { TrainedReport, TrainingRound } from "./trainedSettings";
import { trainingsTable } from "./trainingsTable";

const spread = (rms: number) => ({ rms, median: rms, p90: rms, p99: rms });
const moved = { angle: spread(2), shift: spread(1.5), common: { angle: 0, shift: 0 } };
const poses = {
  ...({ format: 1, particles: 100, verdict: "refine", sentence: "", moved, resolution: 8 } as const),
  gain: { gain: 1.5, standardError: 0.1 },
  prior: { rotation: 2, shift: 1 },
  ...{ uncertainty: { angle: 1, shift: 1 }, shared: { angle: 0, shift: 0 } },
} as const;

function round(number: number, kept: boolean, gains: [number, number]): TrainingRound {
  const half = (gain: number) => ({
    poses,
    evidence: { verdict: "found" as const, gain: { gain, standardError: 0.5 }, motion: 4, realAxes: 1 },
  });
  return {
    ...{ round: number, resolution: 8, halves: [half(gains[0]), half(gains[1])], moved, kept },
    after: { half: 9, seventh: 6 },
    halfMaps: { gain: 0.02, standardError: 0.01, lastShell: 12 },
  };
}

const at = (seventh: number) => ({ half: seventh + 1, seventh });
const report = (trainings: TrainingRound[], verdict: "refine" | "leave" = "refine") => {
  const evidence = evidenceOfRounds(trainings);
  const of: Parameters<typeof trainedSentence>[0] = {
    ...{ before: at(10), consensus: at(7), after: at(6), moved, trainings, verdict },
    ...(evidence && { evidence }),
  };
  return of;
};

describe("rounds with a training", () => {
  test("report the evidence of the first training as before, and of one from the final poses as after", () => {
    const [kept, last] = [round(1, true, [8, 7]), round(2, false, [12, 11])];
    const of = ([a, b]: NonNullable<TrainedReport["evidence"]>["before"]) => [a.gain!.gain, b.gain!.gain];
    const both = evidenceOfRounds([kept, last])!;
    assert.deepEqual(
      [of(both.before), of(both.after!)],
      [
        [8, 7],
        [12, 11],
      ],
    );
    // Poses that were moved after the last training have none.
    assert.equal(evidenceOfRounds([kept, { ...last, kept: true }])!.after, undefined);
    assert.equal(evidenceOfRounds([{ ...kept, kept: false }])!.after, undefined);
    assert.equal(evidenceOfRounds([]), undefined);
  });

  test("say which poses are used, what half maps reach, and what motion gains", () => {
    assert.equal(
      trainedSentence(report([round(1, true, [8, 7]), round(2, false, [12, 11])])),
      "poses refined with the motion are used, moved by 2.00° and 1.50 Å root mean square; half maps reach 6.00 Å at 0.143, " +
        "10.00 Å in the poses of the file and 7.00 Å by the consensus; motion gains +8.00 ± 0.50 and +7.00 ± 0.50 nats per particle " +
        "held out in the two halves before, +12.00 ± 0.50 and +11.00 ± 0.50 after",
    );
    assert.match(
      trainedSentence(report([round(1, false, [8, 7])])),
      /^the poses of the consensus, moved by 2\.00° /,
    );
    assert.match(
      trainedSentence(report([round(1, false, [0, 0])], "leave")),
      /^the poses of the file stay, /,
    );
  });

  test("stand in a table, a row for each", () => {
    const rows = trainingsTable({ trainings: [round(1, true, [8, 7]), round(2, false, [12, 11])] })
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    assert.equal(rows.length, 3);
    assert.ok(rows.every((row) => row.length === rows[0]!.length));
    const column = (name: string) => rows.map((row) => row[rows[0]!.indexOf(name)]).slice(1);
    assert.deepEqual(column("kept"), ["1", "0"]);
    assert.deepEqual(column("evidence_nats_half2"), ["7.0000", "11.0000"]);
    assert.deepEqual(column("pose_gain_nats_half1"), ["1.5000", "1.5000"]);
  });
});

test("rounds with trainings refuse a symmetry, which they do not know", async () => {
  const { refineWithTraining } = await import("./refineWithTraining");
  const settings = { particles: "particles.star", out: "rounds", symmetry: "C3" };
  await assert.rejects(refineWithTraining(settings), /^InputError: symmetry: expected none .* found C3$/);
});
