import assert from "node:assert/strict";
import { Schema } from "effect";
import type { PlainSchema } from "../../core/decode.ts";
import { Experiment } from "../../core/experiment.ts";
import { batchOf } from "./batch.ts";
import type { Job } from "./job.ts";
import { measure, type Measured, median } from "./measure.ts";
import { entrantOf, programOf } from "./programs.ts";
import { rowsOf } from "./rows.ts";
import { operationsOf, ragged, type Size, sizes, usedOf } from "./sizes.ts";
import { amounts, experimentOf } from "./whole_experiment.ts";

const tiny: Size = { ...sizes.demo, name: "tiny", layers: 1, genes: 20, length: 9, cells: 4 };
// Our own programs make weights and batch themselves: nothing is read from the folder.
const job: Job = { size: tiny, parameters: 0, slots: [], folder: "" };
const entrant = (name: string) =>
  entrantOf(programOf(name, 1), { work: "train", job }, {
    python: undefined,
    environment: {},
    device: "cpu",
  });

Deno.test("measure() measures what runs and says why the others do not", async () => {
  const names = ["onnx:1", "onx:1", "torch-sdpa"];
  const outcomes = await measure(names.map(entrant), { rounds: 3, seconds: 0.02, patience: 60 });
  const [onnx, unknown, torch] = outcomes;
  assert.ok("times" in onnx && "absent" in unknown && "absent" in torch);
  assert.equal(onnx.times.length, 3);
  assert.ok(onnx.times.every((time) => time > 0) && onnx.peak > 0);
  assert.ok(onnx.losses[1] < onnx.losses[0]);
  assert.match(unknown.absent, /^Cannot find engine "onx"/);
  assert.match(torch.absent, /--install/);
});

Deno.test("measure() leaves out what nobody would wait for", async () => {
  const [outcome] = await measure([entrant("onnx:1")], { rounds: 1, seconds: 1, patience: 1e-3 });
  assert.ok("absent" in outcome);
  assert.match(outcome.absent, /^left out: a step takes more than/);
});

Deno.test("rowsOf() doubts programs that did other work", () => {
  const as = (parameters: number, losses: readonly [number, number]): Measured => ({
    name: "",
    device: "processor",
    parameters,
    times: [10, 20, 15],
    first: 0,
    losses,
    peak: 1,
  });
  const programs = ["onnx:1", "onnx:2", "torch-sdpa", "torch-bf16"].map((name) =>
    programOf(name, 2)
  );
  const outcomes = [as(7, [2, 1]), as(8, [2, 1]), as(7, [2.1, 1]), as(7, [2.01, 2.5])];
  const doubts = rowsOf(tiny, { programs, outcomes, products: [] }).map(({ figures }) =>
    figures?.doubts
  );
  assert.deepEqual(doubts, [
    "",
    "8 weights",
    "first loss 2.1, not 2",
    "the loss went from 2.01 to 2.5",
  ]);
});

Deno.test("operationsOf() counts a model by hand", () => {
  // One layer of width 2, feed-forward 3, 5 positions, 1 cell; products as rows × columns × depth.
  const size = { ...tiny, layers: 1, width: 2, heads: 1, feedForward: 3, length: 5, cells: 1 };
  const projections = 5 * 6 * 2 + 5 * 2 * 2, scores = 5 * 5 * 2, gathered = 5 * 2 * 5;
  const feedForward = 5 * 3 * 2 + 5 * 2 * 3;
  const values = 5 * 2 * 1 + 5 * 2 * 2;
  const decoder = 5 * 2 * 2 + 5 * 2 * 2 + 5 * 1 * 2;
  const recall = 3 * (5 * 2 * 2) + 5 * 1 * 2;
  const forward = projections + scores + gathered + feedForward + values + decoder + recall;
  assert.equal(operationsOf(size), 3 * 2 * forward);
});

Deno.test("ragged() leaves the asked share of the positions, and all that batchOf() pads alone", () => {
  for (const filled of [0.25, 0.5, 0.85]) {
    const size = ragged({ ...sizes.demo, length: 101 }, filled),
      { padding, masked, target } = batchOf(size);
    const padded = padding.reduce((a, b) => a + b, 0) / padding.length;
    assert.ok(Math.abs(1 - padded - filled) < 0.02, `${padded} are padded`);
    assert.ok(new Set(usedOf(size)).size > size.cells / 2);
    for (const [i, hidden] of padding.entries()) {
      if (hidden) assert.ok(masked[i] === 0 && target[i] === 0 && i % size.length > 0);
    }
  }
});

Deno.test("experimentOf() is an experiment whose stages are whole batches", () => {
  const decode = Schema.decodeUnknownSync(Experiment as unknown as PlainSchema<Experiment>);
  for (const name of Object.keys(amounts)) {
    const { training, source } = decode(experimentOf(sizes[name], { use: "native" }));
    const { baseShare, heldOut } = decode(experimentOf(sizes[name], { use: "native" })).curriculum;
    const base = (Number(source.cells) - Number(heldOut)) * Number(baseShare);
    assert.equal(base % (2 * training.batch), 0);
  }
  assert.throws(
    () => experimentOf(sizes.paper, { use: "native" }),
    /whole training of size "paper"/,
  );
});

Deno.test("median() is the middle, or the mean of the middle two", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});
