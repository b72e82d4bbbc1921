/**
 * What a run tells: all that people see is derived from these events, live or from the file.
 *
 * @module
 */

import { Schema } from "effect";

/** One number of the result: everything that tables, tests and forgetting are computed from. */
export const Score = Schema.Struct({
  method: Schema.String,
  seed: Schema.Number,
  trial: Schema.Number,
  /** Name of the evaluator. */
  evaluator: Schema.String,
  /** Gene set that was asked about. */
  set: Schema.String,
  /** Stage whose genes are asked about. */
  own: Schema.Number,
  /** Stage after which it was asked. */
  after: Schema.Number,
  value: Schema.Number,
});
/** One number of the result. */
export type Score = typeof Score.Type;

/** What an evaluator measures, as a reader is told. */
export const Measured = Schema.Struct({
  name: Schema.String,
  unit: Schema.String,
  better: Schema.Literals(["lower", "higher"]),
});

/** Something that happened in a run, in order. */
export const RunEvent = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("started"),
    /** Name of the experiment. */
    experiment: Schema.String,
    methods: Schema.Array(Schema.String),
    seeds: Schema.Array(Schema.Number),
    engine: Schema.String,
    /** What else a reader should know about how it is computed, in sentences without full stops. */
    notes: Schema.optional(Schema.Array(Schema.String)),
    cells: Schema.Number,
    genes: Schema.Number,
    /** Optimiser steps of the whole run. */
    steps: Schema.Number,
    /** Seconds of training and predicting alone, at the pace of one step made for measuring. */
    estimate: Schema.optional(Schema.Number),
    stages: Schema.Array(Schema.Struct({
      name: Schema.String,
      genes: Schema.Number,
      cells: Schema.Number,
    })),
    evaluators: Schema.Array(Measured),
  }),
  Schema.Struct({
    type: Schema.Literal("stage"),
    /** Methods that this training serves: several while they still share it. */
    methods: Schema.Array(Schema.String),
    seed: Schema.Number,
    stage: Schema.Number,
    /** Optimiser steps of this stage. */
    steps: Schema.Number,
  }),
  Schema.Struct({
    type: Schema.Literal("step"),
    methods: Schema.Array(Schema.String),
    seed: Schema.Number,
    stage: Schema.Number,
    /** From 1 within the stage. */
    step: Schema.Number,
    /** Cells that the step learned from, replayed ones included. */
    cells: Schema.Number,
    loss: Schema.Number,
  }),
  Schema.Struct({ type: Schema.Literal("score"), score: Score }),
  Schema.Struct({
    type: Schema.Literal("saved"),
    methods: Schema.Array(Schema.String),
    seed: Schema.Number,
    /** Stage that was trained last. */
    stage: Schema.Number,
    /** File of the weights, beside the events. */
    file: Schema.String,
  }),
  Schema.Struct({ type: Schema.Literal("warning"), message: Schema.String }),
  /** What comes before was told when the run was taken up earlier; a run's folder keeps none. */
  Schema.Struct({ type: Schema.Literal("resumed") }),
  Schema.Struct({
    type: Schema.Literal("finished"),
    /** Seconds from the start to the end. */
    seconds: Schema.optional(Schema.Number),
  }),
]);
/** Something that happened in a run. */
export type RunEvent = typeof RunEvent.Type;
