import assert from "node:assert/strict";
import fc from "fast-check";
import { fillWeights } from "../core/architecture.ts";
import type { Distiller } from "../core/distiller.ts";
import { ExperimentError } from "../core/errors.ts";
import { learningFeeds, lessonFeeds, shareOf, tokenFeeds } from "../core/feeds.ts";
import { learningProgram, predictingProgram } from "../core/objective.ts";
import { at, layoutOf } from "../core/program.ts";
import { keyOf } from "../core/random.ts";
import { transformer } from "../plugins/architectures/transformer.ts";
import { featureDistillation } from "../plugins/distillers/feature_distillation.ts";
import { eagerEngine } from "../streams/engine/eager.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { tokenBatch } from "./laws/arbitraries.ts";
import { architectureLaws } from "./laws/architecture_laws.ts";

const tiny = { layers: 2, width: 8, heads: 2, embedding: 6, feedForward: 5 };

architectureLaws("transformer()", transformer(tiny));
architectureLaws('transformer() with pooling "mean"', transformer({ ...tiny, pooling: "mean" }), {
  padding: "seen",
});
