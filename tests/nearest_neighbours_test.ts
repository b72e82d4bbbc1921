import { equal, ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { nearestNeighbours } from "../core/nearest_neighbours.ts";
import { keyOf, stream } from "../core/random.ts";
import { neighbourClassification } from "../plugins/evaluators/neighbour_classification.ts";
import { assertSame } from "./first_difference.ts";
import { evaluatorLaws } from "./laws/evaluator_laws.ts";

// Three of a class are known all but always; ten are not, and a perfect model may be outvoted.
evaluatorLaws("neighbourClassification()", () => neighbourClassification({ neighbours: 3 }));

const rows = (from: number, to: number) =>
  Uint32Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("nearestNeighbours() votes as a sort of all distances does", () =>
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.nat(),
        cells: fc.integer({ min: 2, max: 60 }),
        width: fc.integer({ min: 1, max: 40 }),
        classes: fc.integer({ min: 1, max: 5 }),
        k: fc.integer({ min: 1, max: 20 }),
        // Few different numbers make many equal distances.
        levels: fc.constantFrom(2, 3, 1e6),
      }),
      ({ seed, cells, width, classes, k, levels }) => {
        const random = stream(keyOf(seed)), known = rows(1, cells).toReversed();
        const features = new Float32Array(cells * width).map(() => random.below(levels));
        const labels = new Int32Array(cells).map(() => random.below(classes));
        const squares = Array.from({ length: cells }, (_, row) => {
          let square = 0;
          for (let j = 0; j < width; j++) square += (features[j] - features[row * width + j]) ** 2;
          return square;
        });
        const nearest = [...known].sort((a, b) => squares[a] - squares[b]).slice(0, k);
        const votes = Array.from(
          { length: classes },
          (_, label) => nearest.filter((row) => labels[row] === label).length,
        );
        const classOf = nearestNeighbours({ features, width, labels }, known, k);
        // Asked twice: nothing is left over from the first time.
        for (let time = 0; time < 2; time++) {
          equal(classOf(0), votes.indexOf(Math.max(...votes)));
          classOf(cells - 1);
        }
      },
    ),
    { numRuns: 300 },
  ));

const golden = new URL("../../shared/fixtures/metrics/metrics.json", import.meta.url);

Deno.test({
  name: "nearestNeighbours() equals scikit-learn, ties between classes included",
  ignore: !existsSync(golden),
  fn() {
    const { knn } = JSON.parse(readFileSync(golden, "utf8"));
    ok(knn.length > 0);
    for (const { X_train, y_train, X_test, k, predicted } of knn) {
      const data = {
        width: X_test[0].length,
        features: Float32Array.from([...X_train, ...X_test].flat()),
        labels: Int32Array.from([...y_train, ...predicted]),
      };
      const classOf = nearestNeighbours(data, rows(0, X_train.length), k);
      const test = rows(X_train.length, data.labels.length);
      assertSame(Array.from(test, classOf), predicted);
    }
  },
});

Deno.test("neighbourClassification() has another name with another number of neighbours", () => {
  equal(neighbourClassification().name, "nearest-neighbour accuracy");
  equal(neighbourClassification({ neighbours: 5 }).name, "nearest-neighbour accuracy (5)");
});
