import { map } from "rxjs";
import { mapValues } from "../core/batch.ts";
import { tally } from "../streams/experiment/survey.ts";
import { assertClose, assertSame } from "./first_difference.ts";
import { memorySource } from "./memory_source.ts";

const CELLS = 70, GENES = 12;
const source = memorySource({ cells: CELLS, genes: GENES });
const dataSet = {
  name: "T1",
  where: { type: "a" },
  label: "type",
  source,
  cells: 0,
  classes: ["a", "b"],
};

Deno.test("tally() adds up, gene by gene, what the transforms make of the data set's values", async () => {
  const sums = new Float64Array(GENES);
  for await (
    const { cells, offsets, genes, values } of source.read({ batch: 9, order: "stored" })
  ) {
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] % 2 !== 0) continue;
      for (let e = offsets[i]; e < offsets[i + 1]; e++) sums[genes[e]] += Math.log1p(values[e]);
    }
  }
  const log = map((batch: Parameters<typeof mapValues>[0]) => mapValues(batch, Math.log1p));
  const found = await tally(dataSet, { transforms: [log] });
  assertSame({ cells: found.cells, classes: [...found.classes] }, { cells: 35, classes: [35, 0] });
  assertClose(found.sums, sums, { relative: 1e-6 });
});
