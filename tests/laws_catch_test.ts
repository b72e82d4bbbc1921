import * as tf from "@tensorflow/tfjs";
import { match, ok, rejects } from "node:assert/strict";
import { inspect } from "node:util";
import { Effect } from "effect";
import type { CellBatch } from "../core/batch.ts";
import type { Evaluator } from "../core/evaluator.ts";
import { keyOf, stream } from "../core/random.ts";
import type { Sampler } from "../core/sampler.ts";
import type { ReadRequest, Source } from "../core/source.ts";
import { geneDistillation } from "../plugins/distillers/gene_distillation.ts";
import { geneRegression } from "../plugins/evaluators/gene_regression.ts";
import { distillerLaws } from "./laws/distiller_laws.ts";
import { evaluatorLaws } from "./laws/evaluator_laws.ts";
import { samplerLaws } from "./laws/sampler_laws.ts";
import { sourceLaws } from "./laws/source_laws.ts";
import { lawsOf } from "./laws_of.ts";
import { memorySource } from "./memory_source.ts";

/** Tests that a suite catches a wrong plugin: by this law, whose failure says this. */
function caught(
  claim: string,
  suite: (name: string) => void,
  by: { readonly law: string; readonly saying: RegExp },
): void {
  Deno.test(claim, async () => {
    const law = lawsOf(() => suite("it")).get(`it ${by.law}`);
    ok(law, "there is no such law");
    await rejects(async () => await law(), (failure) => {
      match(inspect(failure), by.saying);
      return true;
    });
  });
}

const near = geneDistillation({ weight: 1 });

caught(
  "distillerLaws() catch a distance, which has no slope at 0",
  (name) =>
    distillerLaws(name, () => ({
      ...near,
      penalty(student, teacher, share) {
        const apart = tf.sum(tf.squaredDifference(student.cells, teacher.cells), 1);
        return tf.sum<tf.Scalar>(tf.mul(tf.sum(share, 1), tf.sqrt(apart)));
      },
    })),
  {
    law: "has a finite gradient, also where student and teacher agree",
    saying: /where student and teacher agree, as every stage begins, its gradient is NaN/,
  },
);

const coin = stream(keyOf(1));
caught(
  "distillerLaws() catch a choice by chance",
  (name) =>
    distillerLaws(name, () => ({
      ...near,
      select: (...asked) => near.select(...asked).map((on) => on && coin.below(2)),
    })),
  {
    law: "selects, teaches and punishes the same when it is asked again",
    saying: /\.selected\[\d+\]: [01] instead of [01]/,
  },
);

/** Draws any genes, out of a list that is made for so many. */
function outOf(orderFor: (genes: number) => Uint32Array): Sampler {
  return (genes, _, random, chosen) => {
    const n = genes.length, order = orderFor(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = 0; i < chosen.length; i++) {
      const j = i + random.below(n - i);
      [order[i], order[j]] = [order[j], order[i]];
      chosen[i] = order[i];
    }
  };
}

const thousands = "draws from thousands of genes, whatever cell came before, none twice";
caught(
  "samplerLaws() catch room for 64 genes",
  (name) =>
    samplerLaws(name, () => {
      const order = new Uint32Array(64);
      return outOf(() => order);
    }),
  { law: thousands, saying: /of \d+ genes, \d+ are drawn, and \d+ of them differ/ },
);
caught(
  "samplerLaws() catch room for as many genes as the first cell has",
  (name) =>
    samplerLaws(name, () => {
      let order: Uint32Array | undefined;
      return outOf((genes) => order ??= new Uint32Array(genes));
    }),
  { law: thousands, saying: /of \d+ genes, \d+ are drawn, and \d+ of them differ/ },
);
caught(
  "samplerLaws() catch an order that goes on from the cell before",
  (name) =>
    samplerLaws(name, () => {
      let before = 0;
      return (genes, _values, _random, chosen) => {
        for (let i = 0; i < chosen.length; i++) chosen[i] = (before + i) % genes.length;
        before++;
      };
    }),
  { law: thousands, saying: /\[0\]: \d+ instead of \d+/ },
);

let openings = 0;
const again = "gives the same cells when it is opened again, as a resumed run does";
caught(
  "sourceLaws() catch other cells at every opening",
  (name) =>
    sourceLaws(
      name,
      Effect.sync(() => {
        const by = 1 + openings++;
        return memorySource({ cells: 300, genes: 9, louder: { genes: () => true, by } });
      }),
    ),
  { law: again, saying: /\.values\[0\]: \d+ instead of \d+/ },
);
caught(
  "sourceLaws() catch another fingerprint of the same cells",
  (name) =>
    sourceLaws(
      name,
      Effect.sync(() => ({
        ...memorySource({ cells: 300, genes: 9 }),
        fingerprint: `opening ${openings++}`,
      })),
    ),
  { law: again, saying: /\.fingerprint: opening \d+ instead of opening \d+/ },
);

/** Cells in memory, read in another way. */
function readBy(read: (source: Source, request: ReadRequest) => AsyncIterable<CellBatch>) {
  const source = memorySource({ cells: 300, genes: 9 });
  return Effect.succeed<Source>({ ...source, read: (request) => read(source, request) });
}

caught(
  "sourceLaws() catch cells that come whatever they weigh",
  (name) => sourceLaws(name, readBy(({ read }, { weigh: _, ...request }) => read(request))),
  {
    law: "draws cells that have a weight, as many as there are",
    saying: /300 cells come, but 200 have a weight above 0/,
  },
);
caught(
  "sourceLaws() catch weights that are made the same",
  (name) =>
    sourceLaws(
      name,
      readBy(({ read }, { weigh, ...request }) =>
        read(weigh ? { ...request, weigh: (cell) => Number(weigh(cell) > 0) } : request)
      ),
    ),
  {
    law: "draws each cell in proportion to its weight",
    saying: /\d+ of 1600 draws are of cells with a large weight, not about 1280/,
  },
);

/** Cells in memory, read by a generator that knows whether their source is closed. */
function closable(
  read: (
    batches: AsyncIterable<CellBatch>,
    state: { readonly closed: boolean },
  ) => AsyncGenerator<CellBatch>,
) {
  const open = Effect.sync(() => ({ closed: false }));
  return Effect.map(
    Effect.acquireRelease(open, (state) =>
      Effect.sync(() => {
        state.closed = true;
      })),
    (state): Source => {
      const source = memorySource({ cells: 300, genes: 9 });
      return { ...source, read: (request) => read(source.read(request), state) };
    },
  );
}

function detached(): never {
  throw new TypeError("the memory is detached");
}

const lets = "lets go of whoever reads when it is closed";
caught(
  "sourceLaws() catch a closed source that fails whoever reads on",
  (name) =>
    sourceLaws(
      name,
      closable(async function* (batches, state) {
        for await (const batch of batches) {
          if (state.closed) detached();
          yield batch;
        }
      }),
    ),
  { law: lets, saying: /next\(\) of a closed source: TypeError: the memory is detached/ },
);
caught(
  "sourceLaws() catch a closed source that fails whoever leaves",
  (name) =>
    sourceLaws(
      name,
      closable(async function* (batches, state) {
        try {
          yield* batches;
        } finally {
          if (state.closed) detached();
        }
      }),
    ),
  { law: lets, saying: /return\(\) of a closed source: TypeError: the memory is detached/ },
);

const values: Readonly<Record<string, (score: number) => unknown>> = {
  "a text": (score) => score.toFixed(3),
  "a promise": (score) => Promise.resolve(score),
  nothing: () => undefined,
};
for (const [what, valueOf] of Object.entries(values)) {
  caught(
    `evaluatorLaws() catch a score that is ${what}`,
    (name) =>
      evaluatorLaws(name, () => {
        const evaluator: Evaluator = geneRegression();
        const value: Evaluator["value"] = (...asked) =>
          valueOf(evaluator.value(...asked)) as number;
        return { ...evaluator, value };
      }),
    {
      law: "gives a number, NaN included",
      saying: /the score is no number, but ('NaN'|Promise|undef)/,
    },
  );
}
