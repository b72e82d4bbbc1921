import { existsSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import type { CountMatrix, ReadOptions } from "../streams/import/count_matrix.ts";
import { openInput } from "../streams/import/open_input.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { writeOldTenx, writeTenx } from "./tenx_file.ts";

const rows = [[1, 0, 2], [0, 3, 0]], genes = ["A", "B", "C"];
const options = { matrix: "X", categories: [] };

/** What is seen of a file, opened. */
function opened<A>(
  path: string,
  options: ReadOptions,
  see: (matrix: CountMatrix) => A | Promise<A>,
): Promise<A> {
  return Effect.runPromise(Effect.scoped(Effect.flatMap(
    openInput(path, options),
    (matrix) => Effect.promise(() => Promise.resolve(see(matrix))),
  )));
}

/** Why a file is refused, with its path shortened to "@". */
async function why(path: string, asked: ReadOptions = options): Promise<string> {
  const failed = await Effect.runPromise(Effect.scoped(Effect.flip(openInput(path, asked))));
  return failed.message.replaceAll(path, "@");
}

const told = ({ symbols, provenance, notes, others }: CountMatrix) => ({
  symbols,
  provenance,
  notes,
  others,
});

Deno.test("readTenx() leaves out what is no gene, and says so", () =>
  withFolder(async (folder) => {
    const types = ["Gene Expression", "Antibody Capture", "Gene Expression"];
    const path = writeTenx(join(folder, "a.h5"), rows, { genes, types });
    assertSame(await opened(path, options, told), {
      symbols: ["A", "", "C"],
      provenance: "values from matrix, symbols from matrix/features/name",
      notes: ['features other than "Gene Expression": 1, left out'],
      others: [],
    });
    const ids = await opened(path, { ...options, symbols: "index" }, ({ symbols }) => symbols);
    assertSame(ids, ["ENSG0", "", "ENSG2"]);
  }));

Deno.test("readTenx() reads the genome that is asked for, or all", () =>
  withFolder(async (folder) => {
    const genomes = ["hg19", "hg19", "mm10"];
    const path = writeTenx(join(folder, "a.h5"), rows, { genes, genomes });
    assertSame(await opened(path, options, ({ symbols }) => symbols), genes);
    assertSame(await opened(path, { ...options, matrix: "mm10" }, told), {
      symbols: ["", "", "C"],
      provenance: "values from matrix, symbols from matrix/features/name",
      notes: ["genes of other genomes: 2, left out"],
      others: ["hg19"],
    });
    assertSame(
      await why(path, { ...options, matrix: "mm9" }),
      'Cannot read "@": there is no genome "mm9" in it; it has hg19, mm10',
    );
    const old = writeOldTenx(join(folder, "old.h5"), rows, { genes, genomes: ["hg19", "mm10"] });
    assertSame(
      await why(old),
      'Cannot read "@": it has a matrix for each genome; choose one with --matrix hg19 or --matrix mm10',
    );
    assertSame(await opened(old, { ...options, matrix: "mm10" }, told), {
      symbols: genes,
      provenance: "values from mm10, symbols from mm10/gene_names",
      notes: [],
      others: ["hg19"],
    });
  }));

Deno.test("readTenx() refuses names that do not fit the matrix", () =>
  withFolder(async (folder) => {
    const path = writeTenx(join(folder, "a.h5"), rows, { genes: ["A", "B"] });
    assertSame(
      await why(path),
      'Cannot read "@": "matrix/features/id" names 2 features, not 3',
    );
    assertSame(
      await why(path, { ...options, symbols: "smybol" }),
      'Cannot read "@": "matrix" has no column "smybol" of gene symbols; did you mean "symbol"?',
    );
  }));

const heart = new URL(
  "../../shared/data/formats/10x_h5/heart_1k_v2_filtered_gene_bc_matrices.h5",
  import.meta.url,
).pathname;
const here = existsSync(heart);
Deno.test({
  name: `readTenx() reads a file of Cell Ranger 2${here ? "" : " (ignored: no shared data)"}`,
  ignore: !here,
  fn: async () => {
    const seen = await opened(heart, options, async (matrix) => {
      let entries = 0, least = Infinity;
      for await (const { values } of matrix.rows(256)) {
        entries += values.length;
        for (const value of values) least = Math.min(least, value);
      }
      return [matrix.cells, matrix.symbols.length, matrix.entries, entries, least];
    });
    assertSame(seen, [712, 31_053, 1_297_265, 1_297_265, 1]);
  },
});
