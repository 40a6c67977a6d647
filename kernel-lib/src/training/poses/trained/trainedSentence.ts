import { gainText } from "../../evidence/verdict";
import type { TrainedReport, TrainingEvidence, TrainingRound } from "./trainedSettings";

/** Evidence of both halves before and after, from the rounds. */
export function evidenceOfRounds(rounds: readonly TrainingRound[]): TrainedReport["evidence"] {
  const [first] = rounds;
  if (!first) return undefined;
  const of = ({ halves: [a, b] }: TrainingRound): [TrainingEvidence, TrainingEvidence] => [
    a.evidence,
    b.evidence,
  ];
  // The poses of the result are those of the last round that was kept; the training after it began with them.
  const last = rounds.at(-1)!;
  const trained = !last.kept && rounds.length > 1;
  const moved = rounds.some(({ kept }) => kept);
  return { before: of(first), ...(moved && trained && { after: of(last) }) };
}

/** The result of the rounds in a sentence. */
export function trainedSentence({
  before,
  consensus,
  after,
  moved,
  trainings,
  evidence,
  verdict,
}: Pick<
  TrainedReport,
  "before" | "consensus" | "after" | "moved" | "trainings" | "evidence" | "verdict"
>): string {
  const at = ({ seventh }: TrainedReport["before"]) => `${seventh.toFixed(2)} Å`;
  const kept = trainings.filter((round) => round.kept).length;
  const maps = `half maps reach ${at(after)} at 0.143, ${at(before)} in the poses of the file and ${at(consensus)} by the consensus`;
  const moves = `${moved.angle.rms.toFixed(2)}° and ${moved.shift.rms.toFixed(2)} Å root mean square`;
  const poses =
    verdict === "leave"
      ? "the poses of the file stay, which neither one model nor a moving one explains better"
      : kept === 0
        ? `the poses of the consensus, moved by ${moves}, are used: those refined with the motion explain the particles no better`
        : `poses refined with the motion are used, moved by ${moves}`;
  return `${poses}; ${maps}${evidence ? `; ${evidenceText(evidence)}` : ""}`;
}

function evidenceText({ before, after }: NonNullable<TrainedReport["evidence"]>): string {
  const halves = (of: readonly TrainingEvidence[]) =>
    of.map(({ gain }) => (gain ? gainText(gain) : "unknown")).join(" and ");
  const from = `motion gains ${halves(before)} nats per particle held out in the two halves`;
  return after ? `${from} before, ${halves(after)} after` : from;
}
