import * as tf from "@tensorflow/tfjs";
import { rejects, throws } from "node:assert/strict";
import type { Prediction } from "../core/model/architecture.ts";
import { arrange, type Curriculum } from "../core/curriculum.ts";
import { shareOf } from "../core/model/feeds.ts";
import { keyOf } from "../core/random.ts";
import { clsId, MASK_VALUE, padId, type TokenBatch } from "../core/tokens.ts";
import { mlp } from "../plugins/architectures/mlp.ts";
import { featureDistillation } from "../plugins/distillers/feature_distillation.ts";
import { geneDistillation } from "../plugins/distillers/gene_distillation.ts";
import { cpuEngine } from "../streams/engine/eager.ts";
import { learner } from "../streams/learner.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { distillerLaws } from "./laws/distiller_laws.ts";

distillerLaws("geneDistillation()", () => geneDistillation());
distillerLaws(
  "geneDistillation() with a blinkered teacher",
  () => geneDistillation({ teacher: "without-stage-genes" }),
);
distillerLaws("featureDistillation()", () => featureDistillation());

/** Genes 0 … 3 are base, 4 arrives in stage 1 and 5 in stage 2. */
const curriculum: Curriculum = {
  ...arrange(6, [{ name: "a", genes: [4] }, { name: "b", genes: [5] }]),
  partition: { part: () => 0, size: () => 0 },
};
const stage = curriculum.stages[2];

/** A cell with base gene 0, own gene 5 (masked) and earlier gene 4 (masked), and one with gene 1. */
const tokens: TokenBatch = {
  cells: Uint32Array.of(7, 8),
  length: 4,
  genes: Int32Array.of(clsId(6), 0, 5, 4, clsId(6), 1, padId(6), padId(6)),
  input: Float32Array.of(0, 2, MASK_VALUE, MASK_VALUE, 0, 3, 0, 0),
  target: Float32Array.of(0, 2, 5, 4, 0, 3, 0, 0),
  padding: Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1),
  masked: Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 0),
  obs: {},
};

/** The penalty where nothing but the named prediction differs. */
function penaltyOf(
  distiller: ReturnType<typeof geneDistillation>,
  { mlm = new Array(8).fill(0), cells = new Array(6).fill(0) }: {
    readonly mlm?: readonly number[];
    readonly cells?: readonly number[];
  },
): number {
  return tf.tidy(() => {
    const said = (mlm: readonly number[], cells: readonly number[]): Prediction => ({
      mlm: tf.tensor2d([...mlm], [2, 4]),
      mvc: tf.zeros([2, 4]),
      cells: tf.tensor2d([...cells], [2, 3]),
    });
    const share = tf.tensor2d(shareOf(distiller.select(tokens, stage, curriculum)), [2, 4]);
    const agreed = said(new Array(8).fill(0), new Array(6).fill(0));
    return distiller.penalty(said(mlm, cells), agreed, share).arraySync();
  });
}

Deno.test("geneDistillation() selects masked and unmasked genes that the stage did not bring", () => {
  assertSame(
    geneDistillation().select(tokens, stage, curriculum),
    Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 0),
  );
});

Deno.test("geneDistillation() is the mean squared difference over the selected positions", () => {
  // Differences 1, 2 and 3 count; 100 at the cell token, the own gene and padding do not.
  const mlm = [100, 1, 100, 2, 100, 3, 100, 100];
  assertClose(penaltyOf(geneDistillation(), { mlm }), (1 + 4 + 9) / 3, { relative: 1e-6 });
  assertSame(penaltyOf(geneDistillation(), { cells: [1, 2, 3, 4, 5, 6] }), 0);
});

Deno.test("geneDistillation() shows the teacher the same tokens, or hides the stage's own", () => {
  const taught = (teacher: "same" | "without-stage-genes") =>
    geneDistillation({ teacher }).teach(tokens, stage, curriculum).padding;
  assertSame(taught("same"), tokens.padding);
  assertSame(taught("without-stage-genes"), Uint8Array.of(0, 0, 1, 0, 0, 0, 1, 1));
});

Deno.test("featureDistillation() is the mean over cells of the embeddings' mean squared difference", () => {
  assertSame(
    featureDistillation().select(tokens, stage, curriculum),
    Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0),
  );
  const cells = [1, 2, 3, 0, 0, 6];
  assertClose(
    penaltyOf(featureDistillation(), { cells }),
    ((1 + 4 + 9) / 3 + 36 / 3) / 2,
    { relative: 1e-6 },
  );
  assertSame(penaltyOf(featureDistillation(), { mlm: [1, 2, 3, 4, 5, 6, 7, 8] }), 0);
});

Deno.test("learner() points to a distiller whose gradient is not finite where a stage begins", async () => {
  const engine = cpuEngine(), shape = { genes: 6, length: 4 };
  const architecture = mlp({ layers: 1, width: 4 })(shape), like = geneDistillation();
  const model = learner({ engine, architecture, shape, cells: 2 }).begin(keyOf(1));
  const selected = like.select(tokens, stage, curriculum);
  const step = { step: 0, rate: 1e-3, key: keyOf(2) };
  model.enter({
    ...like,
    penalty: (student, teacher, share) => tf.sqrt(like.penalty(student, teacher, share)),
  });
  await rejects(model.learn([{ tokens, lecture: { tokens, selected } }], step), {
    name: "RunError",
    message:
      /^Cannot go on after step 0: the gradient of .* and at the distiller's penalty may help$/,
  });
  model.close();
  await engine.close();
});

Deno.test("geneDistillation() takes a weight of at least 0, and 5 unless told", () => {
  assertSame(geneDistillation().weight, 5);
  assertSame(geneDistillation({ weight: 0 }).weight, 0);
  throws(() => geneDistillation({ weight: -1 }));
});
