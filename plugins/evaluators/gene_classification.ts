import { Schema } from "effect";
import type { Question } from "../../core/evaluator.ts";
import {
  askedSets,
  classifying,
  type Gathered,
  inOrder,
  splitCells,
} from "../../core/labelled_cells.ts";
import { firstProbeWeights, type Labelled, linearProbe } from "../../core/linear_probe.ts";
import { permutation } from "../../core/permutation.ts";
import { evaluator, setting } from "../../core/plugin.ts";
import { Positive, ProperShare } from "../../core/quantities.ts";
import { derive, stream } from "../../core/random.ts";

/** How the probe is trained and read. */
interface Training {
  readonly epochs: number;
  readonly rate: number;
  readonly batch: number;
  readonly trainShare: number;
  readonly report: "last-epoch" | "best-epoch";
}

/**
 * Gene-based classification (Gene incremental learning, AAAI 2026): cells of the asked set's data set
 * are told apart by a linear probe on the frozen model, trained on a random part of them and tested on
 * the others. The reference reports the best of its looks at the test cells, every fifth epoch:
 * `best-epoch`, which is too good by as much as those looks differ. It always draws genes by weight
 * (sampler `long-tail` with `share` 1), and its cells are none that the model has trained on; here a set
 * without a `source` of its own may have such cells, though the model never saw their labels.
 */
export const geneClassification = evaluator({
  id: "gene-classification",
  purpose: "measures how well a linear probe tells labelled cells apart by their embeddings",
  config: {
    trials: setting(Positive, 3, "probes, with genes, split and first weights drawn afresh"),
    epochs: setting(Positive, 50, "epochs of the probe"),
    rate: setting(Schema.Finite.check(Schema.isGreaterThan(0)), 0.005, "learning rate of Adam"),
    batch: setting(Positive, 64, "cells in a batch of the probe"),
    trainShare: setting(ProperShare, 0.7, "share of the cells that the probe is trained on"),
    report: setting(
      Schema.Literals(["last-epoch", "best-epoch"]),
      "last-epoch",
      "accuracy after the last epoch, or the best of every fifth and the last, as the paper does",
    ),
    asks: askedSets,
  },
  make: ({ trials, asks, ...training }) => ({
    ...classifying,
    name: training.report === "last-epoch"
      ? "classification accuracy"
      : "classification accuracy (best epoch)",
    asks,
    trials,
    trainShare: training.trainShare,
    value: (state: Gathered, question) => accuracyOf(inOrder(state), question, training),
  }),
});

/** Share of the test cells put into their class; NaN without two classes, or with an empty part. */
function accuracyOf(data: Labelled, { classes, key }: Question, training: Training): number {
  const { epochs, rate, batch, trainShare, report } = training;
  const parts = splitCells(data, trainShare, key);
  if (parts === undefined) return NaN;
  const { train, test } = parts;
  const first = firstProbeWeights(classes, data.width, stream(derive(key, "weights")));
  const probe = linearProbe(first, rate), order = new Uint32Array(train.length);
  let accuracy = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const shuffle = permutation(train.length, derive(key, "epoch", epoch));
    for (let i = 0; i < order.length; i++) order[i] = train[shuffle.at(i)];
    for (let i = 0; i < order.length; i += batch) probe.learn(data, order.subarray(i, i + batch));
    if (epoch === epochs || (report === "best-epoch" && epoch % 5 === 0)) {
      accuracy = Math.max(accuracy, probe.accuracy(data, test));
    }
  }
  return accuracy;
}
