import { equal } from "node:assert/strict";
import { Effect } from "effect";
import { join } from "node:path";
import { decode, type PlainSchema } from "../core/decode.ts";
import { Experiment } from "../core/experiment.ts";
import * as plugins from "../plugins/mod.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { openData } from "../streams/experiment/open_data.ts";
import { withFolder } from "./atlas_folder.ts";

const CELLS = 40, GENES = 12;

/** Cells of two types and two sets; `cluster` is a column of integers, as Leiden clusters are. */
const write = (path: string) =>
  Effect.runPromise(writeAtlas(path, {
    vocabulary: { symbols: Array.from({ length: GENES }, (_, gene) => `G${gene}`) },
    values: "counts",
    columns: [{ name: "type", categories: ["x", "y"] }, { name: "one", categories: ["z"] }],
    numbers: ["cluster"],
    provenance: "a test",
    batches: (async function* () {
      const each = (of: (cell: number) => number) => Array.from({ length: CELLS }, (_, i) => of(i));
      yield {
        cells: new Uint32Array(CELLS),
        offsets: Uint32Array.from({ length: CELLS + 1 }, (_, cell) => cell * GENES),
        genes: Uint32Array.from({ length: CELLS * GENES }, (_, entry) => entry % GENES),
        values: new Float32Array(CELLS * GENES).fill(1),
        // Four cells have a type.
        obs: {
          type: Int32Array.from(each((cell) => cell < 4 ? cell % 2 : -1)),
          one: new Int32Array(CELLS),
        },
        numbers: { cluster: Float64Array.from(each((cell) => cell % 3)) },
      };
    })(),
  }));

/** Why an experiment on these cells cannot be opened; "opened" when it can. */
const opened = (path: string, set: object, evaluator: object = {}) => {
  const file = {
    name: "small",
    source: { use: "atlas", path },
    sets: [{ name: "A", label: "type", ...set }],
    curriculum: { use: "random-genes" },
    architecture: { use: "transformer" },
    methods: { baseline: {} },
    evaluators: [{ use: "gene-classification", ...evaluator }],
  };
  const schema = Experiment as unknown as PlainSchema<Experiment>;
  return Effect.runPromise(
    decode(schema, file, "Cannot read it").pipe(
      Effect.flatMap((experiment) => openData(experiment, plugins)),
      Effect.map(() => "opened"),
      Effect.catch(({ message }) => Effect.succeed(message)),
      Effect.scoped,
    ),
  );
};

Deno.test("openData() says of columns of numbers that they can be kept as categories", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    await write(path);
    const kept = 'it holds numbers; "gil atlas import" with --categories cluster keeps them as ' +
      "categories";
    equal(
      await opened(path, { label: "cluster" }),
      `Cannot use label column "cluster" of gene set "A": ${kept}`,
    );
    equal(
      await opened(path, { where: { cluster: "1" } }),
      `Cannot use column "cluster" of gene set "A": ${kept}`,
    );
    equal(
      await opened(path, { label: "clusters" }),
      'Cannot find label column "clusters" of gene set "A": known are "type", "one"',
    );
  }));

Deno.test("openData() refuses a share of labelled cells that is none to learn from", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    await write(path);
    for (const use of ["gene-classification", "neighbour-classification"]) {
      equal(await opened(path, {}, { use, trainShare: 0.25 }), "opened");
      const name = use === "gene-classification"
        ? "classification accuracy"
        : "nearest-neighbour accuracy";
      equal(
        await opened(path, {}, { use, trainShare: 0.24 }),
        `Cannot measure ${name} of gene set "A": "trainShare" 0.24 of its 4 labelled cells is none ` +
          "to learn from; choose a larger share",
      );
    }
  }));
