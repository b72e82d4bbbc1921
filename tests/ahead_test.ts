import { equal, ok, rejects } from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { defer, map, of, throwError, timer } from "rxjs";
import { ahead } from "../streams/ahead.ts";
import { counted } from "./counted.ts";
import { assertSame } from "./first_difference.ts";

Deno.test("ahead() gives what is prepared, in order, one item ahead of who takes it and no more", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ slow: fc.boolean(), held: fc.nat(2) }), { maxLength: 6 }),
      async (items) => {
        const { seen, source } = counted(items.length), given: number[] = [];
        const squares = ahead(
          source,
          (i) => (items[i].slow ? timer(1) : of(0)).pipe(map(() => i * i)),
        );
        equal(seen.pulled, 0, "read before anybody asked");
        for await (const square of squares) {
          given.push(square);
          equal(seen.pulled, given.length, "the next was begun before this one was taken");
          await setTimeout(items[given.length - 1].held);
          ok(seen.pulled <= given.length + 1, "two were begun");
        }
        assertSame(given, items.map((_, i) => i * i));
        assertSame(seen, { pulled: items.length + 1, returned: 0 });
      },
    ),
    { numRuns: 25 },
  ));

Deno.test("ahead() prepares the next item while the one before it is at work", async () => {
  const { source } = counted(2), prepared = [0, 1].map(() => Promise.withResolvers<void>());
  const items = ahead(source, (i) =>
    defer(() => {
      prepared[i].resolve();
      return of(i);
    }));
  await items.next();
  // Nobody asks for another: were it not prepared by itself, this would wait forever.
  await prepared[1].promise;
  assertSame(await items.next(), { done: false, value: 1 });
  assertSame(await items.next(), { done: true, value: undefined });
});

Deno.test("ahead() fails where the item is asked for that could not be read or prepared", async () => {
  const unreadable = counted(9, 2), unprepared = counted(9);
  const cases = [
    { ...unreadable, prepare: (i: number) => of(i) },
    { ...unprepared, prepare: (i: number) => i < 2 ? of(i) : throwError(() => Error("it fails")) },
  ];
  for (const { seen, source, prepare } of cases) {
    const given: number[] = [];
    const all = async () => {
      for await (const item of ahead(source, prepare)) {
        given.push(item);
        // Long enough for the next to fail: nobody has asked for it yet.
        await setTimeout(5);
      }
    };
    await rejects(all, /fails/);
    assertSame(given, [0, 1]);
    assertSame(seen, { pulled: 3, returned: 1 });
  }
});

Deno.test("ahead() ends the iteration of its source once, also while the next item is prepared", async () => {
  for (const pause of [0, 5]) {
    const { seen, source } = counted(9);
    for await (const item of ahead(source, (i) => of(i))) {
      equal(item, 0);
      await setTimeout(pause);
      break;
    }
    await setTimeout(5);
    equal(seen.returned, 1);
    ok(seen.pulled <= 2);
  }
});
