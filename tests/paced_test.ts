import { equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Effect } from "effect";
import fc from "fast-check";
import {
  BehaviorSubject,
  concatMap,
  filter,
  lastValueFrom,
  map,
  NEVER,
  of,
  range,
  Subject,
  take,
  tap,
  throwError,
  timer,
  toArray,
} from "rxjs";
import type { CellBatch } from "../core/batch.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { paced } from "../streams/paced.ts";
import { withFolder } from "./atlas_folder.ts";
import { counted } from "./counted.ts";
import { assertSame } from "./first_difference.ts";
import { soon } from "./soon.ts";

Deno.test("paced() gives what the inner observables give, in order, one at a time", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ size: fc.nat(3), slow: fc.boolean() }), { maxLength: 6 }),
      async (inner) => {
        const { seen, source } = counted(inner.length);
        let done = 0;
        const given = paced(source, (i) => {
          equal(seen.pulled - done, 1, "another item was pulled too early");
          const { size, slow } = inner[i];
          return (slow ? timer(1) : of(0)).pipe(
            concatMap(() => range(0, size)),
            map((j) => `${i}.${j}`),
            tap({ complete: () => done++ }),
          );
        });
        const expected = inner.flatMap(({ size }, i) =>
          Array.from({ length: size }, (_, j) => `${i}.${j}`)
        );
        assertSame(await lastValueFrom(given.pipe(toArray())), expected);
        assertSame(seen, { pulled: inner.length + 1, returned: 0 });
      },
    ),
    { numRuns: 25 },
  ));

Deno.test("paced() pulls nothing before it is subscribed to, and anew for each subscriber", async () => {
  const iterated: string[] = [];
  const letters = {
    async *[Symbol.asyncIterator]() {
      iterated.push("begun");
      yield* "ab";
    },
  };
  const given = paced(letters, (letter) => of(letter)).pipe(toArray());
  equal(iterated.length, 0);
  assertSame(await lastValueFrom(given), ["a", "b"]);
  assertSame(await lastValueFrom(given), ["a", "b"]);
  equal(iterated.length, 2);
});

Deno.test("paced() ends the iteration once when it is unsubscribed from during an inner observable", async () => {
  const { seen, source } = counted(9);
  const subscription = paced(source, () => NEVER).subscribe();
  await setTimeout(5);
  subscription.unsubscribe();
  subscription.unsubscribe();
  await setTimeout(5);
  assertSame(seen, { pulled: 1, returned: 1 });
});

Deno.test("paced() ends the iteration once when it is unsubscribed from during a pull", async () => {
  const { seen, source } = counted(9);
  let given = 0;
  const subscription = paced(source, (i) => of(i)).subscribe(() => given++);
  subscription.unsubscribe();
  await setTimeout(5);
  assertSame(seen, { pulled: 1, returned: 1 });
  equal(given, 0);
});

Deno.test("paced() ends the iteration once when enough was taken, even within an endless item", async () => {
  const { seen, source } = counted(9);
  const given = paced(source, () => range(0, Infinity)).pipe(take(3), toArray());
  assertSame(await lastValueFrom(given), [0, 1, 2]);
  await setTimeout(5);
  assertSame(seen, { pulled: 1, returned: 1 });
});

Deno.test("paced() ends the iteration once when an inner observable or its making fails", async () => {
  for (
    const project of [
      () => throwError(() => new Error("it fails")),
      () => Promise.reject(new Error("it fails")),
      () => {
        throw new Error("it fails");
      },
    ]
  ) {
    const { seen, source } = counted(9);
    await rejects(lastValueFrom(paced(source, project)), /it fails/);
    await setTimeout(5);
    assertSame(seen, { pulled: 1, returned: 1 });
  }
});

Deno.test("paced() passes on that the source fails, after what came before", async () => {
  const { seen, source } = counted(9, 2);
  const given: number[] = [];
  const whole = lastValueFrom(paced(source, (i) => of(i)).pipe(tap((i) => given.push(i))));
  await rejects(whole, /the source fails/);
  assertSame(given, [0, 1]);
  assertSame(seen, { pulled: 3, returned: 1 });
});

Deno.test("paced() that is told to end while it waits for an item ends, and the iteration with it", async () => {
  const { seen, source } = counted(1), until = new Subject<void>();
  const never = {
    [Symbol.asyncIterator]: () => ({
      ...source[Symbol.asyncIterator](),
      next: () => seen.pulled++ === 0 ? Promise.resolve({ done: false, value: 0 }) : hang(),
    }),
  };
  function hang() {
    queueMicrotask(() => until.next());
    return new Promise<IteratorResult<number>>(() => {});
  }
  assertSame(await soon(lastValueFrom(paced(never, (i) => of(i), until).pipe(toArray()))), [0]);
  assertSame(seen, { pulled: 2, returned: 1 });
});

Deno.test("paced() that is told to end finishes the item that is at work, and pulls no other", async () => {
  const { seen, source } = counted(9), until = new BehaviorSubject(false);
  const told = until.pipe(filter((is) => is));
  const given = paced(source, (i) =>
    timer(1).pipe(
      tap(() => until.next(i === 1)),
      concatMap(() => timer(1)),
      map(() => i),
    ), told);
  assertSame(await soon(lastValueFrom(given.pipe(toArray()))), [0, 1]);
  assertSame(seen, { pulled: 2, returned: 1 });
});

Deno.test("paced() ends as it would have when the iteration cannot be ended", async () => {
  function close(): never {
    throw new Error("the file cannot be closed");
  }
  async function* failing() {
    try {
      yield* [1, 2, 3];
    } finally {
      close();
    }
  }
  const refusing = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false as const, value: 1 }),
      return: close,
    }),
  };
  for (const source of [failing(), refusing]) {
    // A rejection that nobody awaits would fail this file.
    assertSame(await lastValueFrom(paced(source, (i) => of(i)).pipe(take(1), toArray())), [1]);
    await setTimeout(5);
  }
  await rejects(lastValueFrom(paced(failing(), (i) => of(i))), /cannot be closed/);
});

Deno.test("paced() keeps memory flat behind a slow consumer, however large the atlas", () =>
  withFolder(async (folder) => {
    const rise: number[] = [];
    for (const cells of [16_384, 163_840]) {
      const path = `${folder}/${cells}`;
      await Effect.runPromise(writeAtlas(path, {
        vocabulary: { symbols: Array.from({ length: 64 }, (_, gene) => `G${gene}`) },
        values: "counts",
        columns: [],
        numbers: [],
        provenance: "",
        batches: uniformCells(cells),
      }));
      rise.push(await peakWhileReading(path));
    }
    // The larger atlas has 64 MB of entries; a window of it 6.
    ok(rise[0] < 30e6 && rise[1] < 30e6, `memory rose by ${rise.map((x) => x / 1e6)} MB`);
  }));

/** Cells that express 48 of 64 genes. */
async function* uniformCells(cells: number): AsyncGenerator<CellBatch> {
  const size = 1024, width = 48;
  const batch = {
    cells: new Uint32Array(size),
    offsets: Uint32Array.from({ length: size + 1 }, (_, i) => i * width),
    genes: Uint32Array.from({ length: size * width }, (_, e) => e % width),
    values: Float32Array.from({ length: size * width }, (_, e) => 1 + e % 7),
    obs: {},
  };
  for (let done = 0; done < cells; done += size) yield batch;
}

/**
 * By how many bytes memory rises while the atlas is read in random order, slowly: in a process of its
 * own, as other tests take memory of this one.
 */
async function peakWhileReading(path: string): Promise<number> {
  const program = join(import.meta.dirname!, "paced_memory.ts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", "--v8-flags=--expose-gc", program, path],
  }).output();
  equal(new TextDecoder().decode(stderr), "");
  equal(code, 0);
  const { rise, most, missing } = JSON.parse(new TextDecoder().decode(stdout));
  equal(most, 1, "a batch was read before the last was done with");
  equal(missing, 0);
  return rise;
}
