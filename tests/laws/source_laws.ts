/**
 * What holds of every source.
 *
 * @module
 */

import { equal, ok, rejects } from "node:assert/strict";
import { Effect, type Scope } from "effect";
import fc from "fast-check";
import { type CellBatch, concatCells, selectCells } from "../../core/batch.ts";
import { type GilError, InputError } from "../../core/errors.ts";
import { derive } from "../../core/random.ts";
import type { ReadRequest, Source } from "../../core/source.ts";
import { assertSame } from "../first_difference.ts";
import { key } from "./arbitraries.ts";
import { forAll, readAll, readFirst } from "./read_all.ts";
import { drawLaws } from "./source_draw_laws.ts";
import { lifeLaws } from "./source_life_laws.ts";

export { readAll } from "./read_all.ts";

/**
 * Registers the laws of a source as tests: reading is repeatable, also by whoever opens it again, no
 * cell is lost or added in any order, batches and filters only cut and leave out, draws follow their
 * weights, and files are closed.
 *
 * @param open Opens the source as an experiment would. A few thousand cells make the laws sharp and
 * keep them quick; fewer than twenty make the law of different keys meaningless.
 */
export function sourceLaws(
  name: string,
  open: Effect.Effect<Source, GilError, Scope.Scope>,
): void {
  const law = (claim: string, check: (source: Source) => Promise<void>) =>
    Deno.test(`${name} ${claim}`, () =>
      Effect.runPromise(
        Effect.scoped(Effect.flatMap(open, (source) => Effect.promise(() => check(source)))),
      ));
  const size = (source: Source) => fc.integer({ min: 1, max: source.cells + 1 });
  const order = (): fc.Arbitrary<ReadRequest["order"]> => fc.oneof(fc.constant("stored"), key());

  law("gives cells that are well-formed", async (source) => {
    const all = await readAll(source, { batch: source.cells, order: "stored" });
    equal(all.cells.length, source.cells);
    assertSame(all.cells, Uint32Array.from(all.cells.keys()));
    const seen = new Int32Array(source.vocabulary.symbols.length).fill(-1);
    for (let cell = 0; cell < source.cells; cell++) {
      for (let e = all.offsets[cell]; e < all.offsets[cell + 1]; e++) {
        ok(all.genes[e] < seen.length, `cell ${cell} names a gene outside the vocabulary`);
        ok(seen[all.genes[e]] !== cell, `cell ${cell} names gene ${all.genes[e]} twice`);
        ok(Number.isFinite(all.values[e]) && all.values[e] !== 0, `cell ${cell} has a zero`);
        seen[all.genes[e]] = cell;
      }
    }
    for (const { name, categories } of source.columns) {
      for (const code of all.obs[name]) ok(code >= -1 && code < categories.length);
    }
  });

  law("gives the same cells when it is read twice", async (source) => {
    await forAll([size(source), order()], async (batch, order) => {
      const request = { batch, order };
      assertSame(await readAll(source, request), await readAll(source, request));
    });
  });

  Deno.test(`${name} gives the same cells when it is opened again, as a resumed run does`, async () => {
    const look = Effect.flatMap(open, (source) =>
      Effect.promise(async () => ({
        ...await readAll(source, { batch: source.cells, order: "stored" }),
        drawn: (await readAll(source, { batch: 100, order: [1, 2] })).cells,
        symbols: source.vocabulary.symbols,
        columns: source.columns,
        scale: source.values,
        fingerprint: source.fingerprint,
      })));
    const seen = await Effect.runPromise(Effect.scoped(look));
    assertSame(await Effect.runPromise(Effect.scoped(look)), seen);
  });

  law("cuts the same cells into batches of any size", async (source) => {
    const whole = { batch: source.cells, order: "stored" } as const;
    const stored = await readAll(source, whole);
    await forAll([size(source)], async (batch) => {
      assertSame(await readAll(source, { ...whole, batch }), stored);
    });
    await forAll([size(source), key()], async (batch, order) => {
      assertSame(
        await readAll(source, { batch, order }),
        await readAll(source, { ...whole, order }),
      );
    });
  });

  law("gives every stored cell once in any order", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    await forAll([key()], async (order) => {
      const drawn = await readAll(source, { batch: 100, order });
      assertSame(drawn.cells.toSorted(), stored.cells);
      assertSame(drawn, selectCells(stored, drawn.cells));
    });
  });

  law("gives another order for another key", async (source) => {
    await forAll([key()], async (order) => {
      const one = await readAll(source, { batch: 100, order });
      const other = await readAll(source, { batch: 100, order: derive(order, "another") });
      ok(one.cells.some((cell, i) => cell !== other.cells[i]), "two keys give one order");
    });
  });

  law("keeps exactly the cells that are asked for, in the same order", async (source) => {
    const columns = source.columns.filter(({ categories }) => categories.length > 0);
    const category = (column: number, code: number) => {
      if (columns.length === 0) return undefined;
      const { name, categories } = columns[column % columns.length];
      return { name, code: code % categories.length, text: categories[code % categories.length] };
    };
    await forAll(
      [order(), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 5 })],
      async (order, column, code, share) => {
        const keep = (cell: number) => Math.imul(cell + 1, 0x9E3779B1) >>> 8 < 2 ** 24 / share;
        const where = category(column, code);
        const all = await readAll(source, { batch: source.cells, order });
        const rows = [...all.cells.keys()].filter((i) =>
          keep(all.cells[i]) && (!where || all.obs[where.name][i] === where.code)
        );
        const request = {
          batch: 64,
          order,
          keep,
          ...where && { where: { [where.name]: where.text } },
        };
        assertSame(await readAll(source, request), selectCells(all, rows));
      },
    );
  });

  law("begins anywhere, and goes on as if it had read from the start", async (source) => {
    await forAll([size(source), order(), key(), fc.nat(), fc.boolean()], async (
      batch,
      order,
      { 0: salt },
      start,
      filtered,
    ) => {
      const request: ReadRequest = {
        batch,
        order,
        ...(filtered ? { keep: (cell: number) => (cell ^ salt) % 3 !== 0 } : {}),
      };
      const all = await readAll(source, request), from = start % (all.cells.length + 2);
      const rest = Array.from({ length: Math.max(0, all.cells.length - from) }, (_, i) => from + i);
      assertSame(await readAll(source, { ...request, from }), selectCells(all, rest));
    });
  });

  law("gives only the entries of the genes that are asked for", async (source) => {
    const genes = source.vocabulary.symbols.length;
    await forAll(
      [order(), fc.nat(), fc.integer({ min: 1, max: 4 })],
      async (order, salt, share) => {
        const wanted = Uint8Array.from(
          { length: genes },
          (_, gene) => Math.imul(gene + salt, 0x9E3779B1) >>> 8 < 2 ** 24 / share ? 1 : 0,
        );
        const request = { batch: 100, order };
        assertSame(
          await readAll(source, { ...request, genes: wanted }),
          withGenes(await readAll(source, request), wanted),
        );
      },
    );
  });

  law("deals its cells to shares, each cell to one", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    await forAll(
      [size(source), order(), fc.integer({ min: 1, max: 4 })],
      async (batch, order, of) => {
        const shares: CellBatch[] = [];
        for (let rank = 0; rank < of; rank++) {
          shares.push(await readAll(source, { batch, order, share: { rank, of } }));
        }
        const dealt = concatCells(shares);
        assertSame(dealt.cells.toSorted(), stored.cells);
        assertSame(dealt, selectCells(stored, dealt.cells));
      },
    );
  });

  law("refuses columns and categories that it does not have", async (source) => {
    const request = { batch: 1, order: "stored" } as const, name = "a column of no atlas";
    await rejects(readFirst(source, { ...request, columns: [name] }), InputError);
    await rejects(readFirst(source, { ...request, where: { [name]: "x" } }), InputError);
    await rejects(readFirst(source, { ...request, order: [1, 2], balance: name }), InputError);
    for (const column of source.columns) {
      await rejects(readFirst(source, { ...request, where: { [column.name]: name } }), InputError);
    }
  });

  drawLaws(law);
  lifeLaws(name, open);
}

/** The batch without the entries of other genes. */
function withGenes(batch: CellBatch, wanted: Uint8Array): CellBatch {
  const entries = [...batch.genes.keys()].filter((e) => wanted[batch.genes[e]] === 1);
  const before = new Uint32Array(batch.genes.length + 1);
  batch.genes.forEach((gene, e) => before[e + 1] = before[e] + wanted[gene]);
  return {
    ...batch,
    offsets: batch.offsets.map((entry) => before[entry]),
    genes: Uint32Array.from(entries, (e) => batch.genes[e]),
    values: Float32Array.from(entries, (e) => batch.values[e]),
  };
}
