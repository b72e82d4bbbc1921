/**
 * A learner that learns nothing and writes down what it was shown.
 *
 * @module
 */

import type { Key } from "../core/random.ts";
import type { TokenBatch } from "../core/tokens.ts";
import type { Learner, Model, Step } from "../streams/learner.ts";
import type { Lesson } from "../streams/lesson.ts";

/** One step as the model met it. */
export interface Shown {
  /** Number of the model: 0 is the first that was begun or copied. */
  readonly model: number;
  readonly lessons: readonly Lesson[];
  readonly step: Step;
}

/** What a spy has written down. */
export interface Spy extends Learner {
  readonly learned: Shown[];
  readonly predicted: TokenBatch[];
  /** Models that are not closed. */
  open(): number;
}

/** Begins to spy. */
export function spyLearner(): Spy {
  const learned: Shown[] = [], predicted: TokenBatch[] = [];
  let models = 0, open = 0;

  function model(): Model {
    const number = models++;
    open++;
    return {
      enter: () => ({ close() {} }),
      training: () => Promise.reject(new Error("a spy has no moments")),
      learn(lessons, step) {
        learned.push({ model: number, lessons, step });
        const cells = lessons.reduce((sum, { tokens }) => sum + tokens.cells.length, 0);
        return Promise.resolve({ cells, loss: 1 });
      },
      predict(tokens) {
        predicted.push(tokens);
        const zeros = () => new Float32Array(tokens.genes.length);
        return Promise.resolve({
          mlm: zeros(),
          mvc: zeros(),
          cells: Float32Array.from(tokens.cells),
        });
      },
      copy: model,
      weights: () => Promise.resolve(new Float32Array(0)),
      close: () => void open--,
    };
  }
  return {
    learned,
    predicted,
    open: () => open,
    begin: (_key: Key) => model(),
    hold: (_weights: Float32Array) => model(),
    pace: () => Promise.resolve({ learn: 1, predict: 1 }),
  };
}
