import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { type Course, hasFallen, lastEpoch, nextCourse, paceOf, scheduleOf } from "./course";

const options = { epochs: "auto", coarseEpochs: 5 } as const;
const single = (stepsPerEpoch: number) => ({ stepsPerEpoch, targets: { particleOf: undefined } });
const pace = paceOf(single(85), options);

/** The courses after each epoch, from the mean score of an epoch; particles differ by a noise that has nothing to do with it. */
function courses(
  scoreOf: (epoch: number) => number,
  epochs: number,
  of = options,
  particles = 100,
): Course[] {
  const found: Course[] = [];
  let best: Float32Array | undefined;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const scores = Float64Array.from(
      { length: particles },
      (_, i) => scoreOf(epoch) + 0.01 * Math.sin(7 * i + 3 * epoch) + Math.sin(i),
    );
    const course = found.at(-1);
    const before = course && best && { course, scores: best };
    const next = nextCourse({ epoch, scores, first: scoreOf(1) }, { options: of, pace, before });
    if (next.best === epoch) best = Float32Array.from(scores);
    found.push(next);
  }
  return found;
}

const rising = (until: number) => (epoch: number) => 0.3 + 0.1 * Math.min(epoch, until);

describe("how long a training is", () => {
  test("tilt series take as many epochs as single images, in each of which all tilts are shown", () => {
    const particleOf = Int32Array.from({ length: 600 * 21 }, (_, image) => Math.floor(image / 21));
    const tilts = { stepsPerEpoch: 21 * 85, targets: { particleOf } };
    assert.deepEqual(paceOf(tilts, options), pace);
  });

  test("the rate falls once the score has stood still, however long it rose before", () => {
    for (const until of [7, 12]) {
      const decided = courses(rising(until), 30).find((course) => course.annealFrom !== undefined)!;
      assert.equal(decided.best, until);
      assert.equal(decided.annealFrom, until + pace.patience + 1);
      assert.equal(lastEpoch(options, pace, decided), until + pace.patience + pace.anneal);
    }
  });

  test("coarse epochs are not compared: a score that falls meanwhile is no standstill", () => {
    const course = courses((epoch) => (epoch < 6 ? 1 - 0.1 * epoch : rising(9)(epoch) - 5), 6).at(-1)!;
    assert.deepEqual(course, { best: 6, sinceBest: { gain: 0, standardError: 0 } });
  });

  test("a score that always rises ends at the most epochs, and the record says so", () => {
    const all = courses(rising(1000), pace.most);
    const course = all.at(-1)!;
    assert.equal(lastEpoch(options, pace, course), pace.most);
    assert.match(
      scheduleOf(options, pace.most, course).sentence,
      /^40 epochs, the most; .*still described better/,
    );
  });

  test("the epoch before a fall that is no chance is kept, with a given number of epochs, too", () => {
    for (const of of [options, { ...options, epochs: 20 as never }]) {
      const falling = courses((epoch) => rising(9)(epoch) - 0.02 * Math.max(0, epoch - 9), 16, of).at(-1)!;
      assert.equal(falling.best, 9);
      assert.ok(hasFallen(falling));
      const { sentence } = scheduleOf(of, 16, { ...falling, kept: 9 });
      assert.match(
        sentence,
        /the weights are those of epoch 9, since the score of held-out particles fell by 0\.14 ± /,
      );
    }
    const standing = courses(rising(9), 16).at(-1)!;
    assert.ok(!hasFallen(standing), JSON.stringify(standing));
  });

  test("the scores of a few particles decide nothing about a fall", () => {
    const few = courses((epoch) => rising(9)(epoch) - 0.02 * Math.max(0, epoch - 9), 16, options, 10).at(-1)!;
    assert.ok(few.sinceBest.gain < -0.1);
    assert.ok(!hasFallen(few));
  });

  test("small sets get more epochs, large ones fewer", () => {
    const [small, middle, large] = [17, 85, 2813].map((steps) => paceOf(single(steps), options));
    assert.deepEqual(middle, { patience: 3, anneal: 4, most: 40 });
    assert.deepEqual(large, { patience: 2, anneal: 4, most: 40 });
    assert.deepEqual(small, { patience: 15, anneal: 20, most: 100 });
  });
});
