/**
 * What holds of every source.
 *
 * @module
 */

import { equal, ok, rejects } from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { Effect, type Scope } from "effect";
import fc from "fast-check";
import { type CellBatch, concatCells, selectCells } from "../../core/batch.ts";
import { type GilError, InputError } from "../../core/errors.ts";
import { derive } from "../../core/random.ts";
import type { ReadRequest, Source } from "../../core/source.ts";
import { assertSame } from "../first_difference.ts";
import { key } from "./arbitraries.ts";

/**
 * Registers the laws of a source as tests: reading is repeatable, no cell is lost or added in any
 * order, batches and filters only cut and leave out, and files are closed.
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
  const forAll = <Ts extends [unknown, ...unknown[]]>(
    arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
    check: (...values: Ts) => Promise<void>,
  ) => fc.assert(fc.asyncProperty(...arbitraries, check), { numRuns: 8 });
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

  law("mixes the cells of blocks and windows of any size", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    // Windows of a few cells would load the same blocks over and over.
    const windows = fc.integer({ min: Math.ceil(source.cells / 16), max: source.cells + 1 });
    await forAll([size(source), windows, key()], async (block, window, order) => {
      const request = { batch: 100, order, block, window };
      const drawn = await readAll(source, request);
      assertSame(drawn.cells.toSorted(), stored.cells);
      assertSame(drawn, selectCells(stored, drawn.cells));
    });
  });

  law("balances a column by draws of the cells that have a category", async (source) => {
    const stored = await readAll(source, { batch: source.cells, order: "stored" });
    const columns = source.columns.filter(({ name }) => stored.obs[name].some((code) => code >= 0));
    await forAll([key(), fc.nat(), fc.nat()], async (order, column, start) => {
      if (columns.length === 0) return;
      const { name } = columns[column % columns.length];
      const request = { batch: 100, order, balance: name };
      const drawn = await readAll(source, request), from = start % drawn.cells.length;
      equal(drawn.cells.length, stored.obs[name].filter((code) => code >= 0).length);
      ok(drawn.obs[name].every((code) => code >= 0));
      assertSame(drawn, selectCells(stored, drawn.cells));
      const rest = [...drawn.cells.keys()].slice(from);
      assertSame(await readAll(source, { ...request, from }), selectCells(drawn, rest));
    });
  });

  law("refuses columns and categories that it does not have", async (source) => {
    const request = { batch: 1, order: "stored" } as const, name = "a column of no atlas";
    await rejects(first(source, { ...request, columns: [name] }), InputError);
    await rejects(first(source, { ...request, where: { [name]: "x" } }), InputError);
    await rejects(first(source, { ...request, order: [1, 2], balance: name }), InputError);
    for (const column of source.columns) {
      await rejects(first(source, { ...request, where: { [column.name]: name } }), InputError);
    }
  });

  Deno.test({
    name: `${name} closes its files when it is left early`,
    ignore: !existsSync("/proc/self/fd"),
    async fn() {
      const before = openFiles();
      let left: Promise<unknown> | undefined;
      await Effect.runPromise(
        Effect.scoped(Effect.flatMap(open, (source) =>
          Effect.promise(async () => {
            const opened = openFiles();
            for (const order of ["stored", [1, 2]] as const) {
              await first(source, { batch: 1, order });
              await closed(opened);
            }
            // Two iterations that nobody ends: one between batches, one within a read.
            const [rests, runs] = [0, 1].map(() =>
              source.read({ batch: 1, order: "stored" })[Symbol.asyncIterator]()
            );
            await rests.next();
            left = runs.next().catch(() => undefined);
          }))),
      );
      await left;
      await closed(before);
    },
  });
}

/** Moments for which tests beside this one may have files open: a leak stays longer. */
const PATIENCE = 200;

/** Waits until no file is open but those that were; fails with the first that stays. */
async function closed(before: ReadonlySet<string>): Promise<void> {
  let more = openFiles();
  for (let left = PATIENCE; left > 0; left--) {
    more = new Set([...more].filter((file) => !before.has(file) && openFiles().has(file)));
    if (more.size === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  ok(more.size === 0, `files stay open: ${[...more].join(", ")}`);
}

/** Everything a request gives, as one batch, with all columns unless it names some. */
export async function readAll(source: Source, request: ReadRequest): Promise<CellBatch> {
  const columns = source.columns.map(({ name }) => name), batches: CellBatch[] = [];
  for await (const batch of source.read({ columns, ...request })) {
    const previous = batches.at(-1);
    ok(!previous || previous.cells.length === request.batch, "a batch before the last is short");
    ok(batch.cells.length > 0 && batch.cells.length <= request.batch, "a batch has a wrong size");
    batches.push(batch);
  }
  if (batches.length > 0) return concatCells(batches);
  return {
    cells: new Uint32Array(0),
    offsets: new Uint32Array(1),
    genes: new Uint32Array(0),
    values: new Float32Array(0),
    obs: Object.fromEntries(
      (request.columns ?? columns).map((name) => [name, new Int32Array(0)]),
    ),
  };
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

/** Asks for one batch and leaves. */
async function first(source: Source, request: ReadRequest): Promise<void> {
  for await (const _batch of source.read(request)) break;
}

/** Databases in which the runtime keeps what it has compiled: opened at any time, and kept open. */
const OWN = /_cache_v\d+(-\w+)?$|\.sqlite(-\w+)?$/;

/** The regular files that this process has open, each with its number. */
function openFiles(): ReadonlySet<string> {
  return new Set(
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith("/") && !path.startsWith("/dev/") && !path.startsWith("/proc/") &&
            !OWN.test(path)
          ? [`${fd} ${path}`]
          : [];
      } catch {
        return [];
      }
    }),
  );
}
