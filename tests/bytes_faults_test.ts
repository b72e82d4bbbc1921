import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { openAddress } from "../streams/bytes/address.ts";
import { assertSame } from "./first_difference.ts";
import { fastPatience, numbered, type Server, type Trouble, withServer } from "./http_server.ts";

const ATTEMPTS = 5;

/** What may pass, whatever is asked for. */
const troubles = fc.constantFrom<Trouble>(
  { status: 408 },
  { status: 429 },
  { status: 500 },
  { status: 502, headers: { "Retry-After": "2" } },
  { status: 503, headers: { "Retry-After": "Sat, 01 Feb 2025 00:00:00 GMT" } },
  { status: 504 },
  "no answer",
  "cut in the middle",
  "less",
  "more",
  "another part",
  "garbled range",
  "silent",
  "silent in the middle",
);
/** How often a request fails before it succeeds: never as often as it may be made. */
const passing = fc.array(fc.array(troubles, { maxLength: ATTEMPTS - 1 }), { maxLength: 6 });
const validators = fc.constantFrom<Record<string, string>>(
  {},
  { ETag: '"a"' },
  { ETag: 'W/"a"' },
  { "Last-Modified": "Sat, 01 Feb 2025 00:00:00 GMT" },
);
const part = fc.double({ min: 0, max: 1, noNaN: true });
/** A file, how much of its end comes at first, and what is read of it, in parts of its size. */
const readings = fc.record({
  size: fc.integer({ min: 1, max: 5000 }),
  headers: validators,
  tail: fc.constantFrom(0, 1, 100, 65_536),
  reads: fc.array(fc.tuple(part, part), { minLength: 1, maxLength: 4 }),
});
type Reading = typeof readings extends fc.Arbitrary<infer A> ? A : never;

/** What the next requests meet, one after the other. */
type Meet = (troubles: Iterable<Trouble | undefined>) => ReturnType<typeof fastPatience>;

/** Runs `use` with a server that fails as it is told. */
function failing(use: (server: Server, meet: Meet) => Promise<void>): Promise<void> {
  let left: Iterator<Trouble | undefined> = [].values(), patience = fastPatience();
  const meet: Meet = (troubles) => {
    left = troubles[Symbol.iterator]();
    return patience = fastPatience({ attempts: ATTEMPTS });
  };
  return withServer(() => {
    const trouble: Trouble | undefined = left.next().value;
    if (/silent/.test(String(trouble))) patience.endSilence();
    return trouble;
  }, (server) => use(server, meet));
}
async function read(
  { address, files }: Server,
  { size, headers, tail, reads }: Reading,
  patience: ReturnType<typeof fastPatience>,
): Promise<void> {
  const bytes = numbered(size);
  files.set("/a", { bytes, headers });
  const source = await openAddress(`${address}/a`, { tail, patience });
  try {
    assert.equal(source.size, size);
    for (const places of reads) {
      const [from, to] = places.map((place) => Math.round(place * size)).toSorted((a, b) => a - b);
      const into = new Uint8Array(to - from);
      await source.read(into, from);
      assertSame(into, bytes.subarray(from, to));
    }
  } finally {
    await source.close();
  }
}

/** `fine` requests without trouble, and then no other. */
function* lastingly(fine: number, met: readonly Trouble[]): Generator<Trouble | undefined> {
  for (let i = 0; i < fine; i++) yield undefined;
  for (;;) yield* met;
}

Deno.test("openAddress() reads the bytes of the file, whatever passes on the way", () =>
  failing(async (server, meet) => {
    await fc.assert(
      fc.asyncProperty(readings, passing, async (reading, met) => {
        const patience = meet(met.flatMap((some) => [...some, undefined]));
        await read(server, reading, patience);
        assert.equal(patience.watched(), 0);
        await server.quiet();
      }),
      { numRuns: 300 },
    );
  }));

Deno.test("openAddress() gives up in one sentence what does not pass, and leaves no request open", () =>
  failing(async (server, meet) => {
    const lasting = fc.array(troubles, { minLength: 1, maxLength: ATTEMPTS });
    await fc.assert(
      fc.asyncProperty(readings, fc.nat(2), lasting, async (reading, fine, met) => {
        // The reads that are made before may want so many requests, or not.
        const before = server.asked.length;
        const patience = meet(lastingly(fine, met));
        const ending = read(server, reading, patience);
        const error = await ending.then(() => undefined, (cause) => cause);
        const made = server.asked.length - before;
        if (made <= fine) assert.equal(error, undefined);
        else {
          // A kept connection that turns out to be closed is one that the runtime replaces itself.
          assert.ok(made >= fine + ATTEMPTS && made <= fine + 2 * ATTEMPTS, `${made} requests`);
          assert.ok(error instanceof InputError, `${error}`);
          assert.match(
            error.message,
            /^Cannot read "http:\/\/[\d.:]+\/a": [^\n]+, also at attempt 5; try again later$/,
          );
        }
        assert.equal(patience.watched(), 0);
        await server.quiet();
      }),
      { numRuns: 200 },
    );
  }));

Deno.test("openAddress() writes nothing any more into what a read that failed was to fill", () => {
  const size = 13 * 2 ** 20, refused = `bytes=${4 * 2 ** 20}-`;
  // One part is refused while the others arrive.
  return withServer(
    ({ range }) => range.startsWith(refused) ? { status: 404 } : undefined,
    async (server) => {
      server.files.set("/a", { bytes: numbered(size), headers: {} });
      for (let time = 0; time < 5; time++) {
        const source = await openAddress(`${server.address}/a`, { patience: fastPatience() });
        const into = new Uint8Array(size).fill(0);
        await assert.rejects(source.read(into, 0), InputError);
        into.fill(7);
        await server.quiet();
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.ok(into.every((byte) => byte === 7), "a byte was written late");
        await source.close();
      }
    },
  );
});
