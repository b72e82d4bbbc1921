import { equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "hyparquet-writer";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { deltaNumbers } from "../streams/parquet/delta.ts";
import { decodeDeltaQuickly } from "../streams/parquet/delta_kernel.ts";
import { encodeDelta } from "../streams/parquet/encode_delta.ts";
import { encodeCodes, encodeLevels, widthOf } from "../streams/parquet/encode_runs.ts";
import type { Findings } from "../streams/parquet/findings.ts";
import { decodeHybridInto } from "../streams/parquet/hybrid.ts";
import type { Leaf } from "../streams/parquet/leaf.ts";
import { lookUpInto } from "../streams/parquet/look_up.ts";
import { packerOf } from "../streams/parquet/pack.ts";
import { moveInto, plainNumbers, splitNumbers } from "../streams/parquet/plain.ts";
import { fillLanes, LANES } from "../streams/parquet/unpack.ts";
import { assertSame } from "./first_difference.ts";

const column = { path: ["a"], type: "INT32", lists: 1, defined: 1, element: 1 } as const;
const SHORT: Leaf = { ...column, unsigned: true, short: true };
const UNSIGNED: Leaf = { ...column, unsigned: true, short: false };
const SIGNED: Leaf = { ...column, unsigned: false, short: false };

/** Integers whose differences take up to `bits` bits, in stretches of other widths. */
const integers = (bits: number) =>
  fc.array(
    fc.tuple(
      fc.nat(bits),
      fc.integer({ min: 0, max: 90 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    ),
    { minLength: 1, maxLength: 9 },
  ).map((stretches) => {
    const all: number[] = [];
    let value = 0, mix = 1;
    for (const [width, length, seed] of stretches) {
      mix ^= seed | 1;
      for (let i = 0; i < length; i++) {
        mix = Math.imul(mix ^ (mix >>> 15), 0x2C1B3C6D) + 0x9E3779B9;
        value += width === 0 ? 0 : mix >>> (32 - width);
        all.push(value % 2 ** bits);
      }
    }
    return Uint32Array.from(all);
  });

const KERNELS = [
  ["16 bits to 16", SHORT, Uint16Array, 16],
  ["16 bits to 32", SHORT, Uint32Array, 16],
  ["16 bits to floats", SHORT, Float32Array, 16],
  ["32 bits to 16", UNSIGNED, Uint16Array, 16],
  ["32 bits to 32", UNSIGNED, Uint32Array, 32],
  ["32 bits to floats", UNSIGNED, Float32Array, 32],
  ["signed 32 bits to 16", SIGNED, Uint16Array, 15],
  ["signed 32 bits to floats", SIGNED, Float32Array, 32],
] as const;

for (const [name, leaf, Kind, bits] of KERNELS) {
  Deno.test(`decodeDeltaQuickly() equals the plain decoder: ${name}`, () =>
    fc.assert(
      fc.property(integers(bits), (integers) => {
        const body = encodeDelta(integers).slice(), quick = new Kind(integers.length);
        const plain = deltaNumbers(body, leaf, integers.length);
        assertSame(Uint32Array.from(plain, (value) => value >>> 0), integers);
        if (integers.length > 0) ok(decodeDeltaQuickly(quick, body, { leaf }));
        assertSame(quick, Kind.from(plain));
      }),
      { numRuns: 300 },
    ));
}

/** Lists that ascend, one behind the other, each shorter than a few blocks. */
const ascending = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(9), fc.integer({ min: 0, max: 120 })),
  { minLength: 1, maxLength: 12 },
).map((lists) =>
  Uint32Array.from(
    lists.flatMap(([length, first, step]) =>
      Array.from({ length }, (_, i) => first + i * (1 + (step + i) % 120))
    ),
  )
);

Deno.test("encodeDelta() takes falls for rises where that is shorter, and readers get what was there", () => {
  fc.assert(fc.property(ascending, (integers) => {
    const body = encodeDelta(integers).slice(), quick = new Uint16Array(integers.length);
    const writer = new ByteWriter();
    deltaBinaryPack(writer, Int32Array.from(integers), "INT32");
    assertSame(Uint32Array.from(deltaNumbers(body, UNSIGNED, integers.length)), integers);
    ok(decodeDeltaQuickly(quick, body, { leaf: SHORT }));
    assertSame(quick, Uint16Array.from(integers));
    ok(body.length <= writer.getBytes().length, "another library needs less");
  }));
  // 30,000, then 1, 2, 3, …: one miniblock of 32 bits and three of 0 in place of four of 15.
  const fall = Uint32Array.from({ length: 129 }, (_, i) => i === 0 ? 30_000 : i);
  equal(encodeDelta(fall).length, 2 + 1 + 2 + 3 + 1 + 4 + 32 * 4);
});

Deno.test("decodeDeltaQuickly() finds what loops find", () => {
  const wrong = fc.record({ at: fc.nat(), value: fc.constantFrom(0, 1, 65_535) });
  fc.assert(
    fc.property(integers(16), fc.array(wrong, { maxLength: 3 }), (integers, wrongs) => {
      for (const { at, value } of wrongs) integers[at % integers.length] = value;
      if (integers.length === 0) return;
      const body = encodeDelta(integers).slice();
      for (const leaf of [SHORT, UNSIGNED, SIGNED]) {
        const halves = new Uint16Array(integers.length), floats = new Float32Array(integers.length);
        const falls: Findings = { of: "falls", count: 3 },
          faults: Findings = { of: "faults", count: 0 };
        ok(decodeDeltaQuickly(halves, body, { leaf, findings: falls }));
        ok(decodeDeltaQuickly(floats, body, { leaf, findings: faults }));
        equal(falls.count, 3 + integers.filter((id, i) => i > 0 && id <= integers[i - 1]).length);
        equal(faults.count > 0, integers.includes(0));
      }
    }),
  );
  const negative = encodeDelta(Uint32Array.of(5, 2 ** 32 - 1, 6, 7, 8)).slice();
  const findings: Findings = { of: "faults", count: 0 };
  ok(decodeDeltaQuickly(new Float32Array(5), negative, { leaf: SIGNED, findings }));
  equal(findings.count, 1);
});

Deno.test("decodeDeltaQuickly() finds falls in more integers than are looked at in one go", () => {
  const size = 2 ** 18 + 2 ** 12 + 3, findings: Findings = { of: "falls", count: 0 };
  const body = encodeDelta(Uint32Array.from({ length: size }, (_, i) => i % 7)).slice();
  ok(decodeDeltaQuickly(new Uint16Array(size), body, { leaf: SHORT, findings }));
  equal(findings.count, Math.floor((size - 1) / 7));
});

Deno.test("deltaNumbers() decodes the example of the format's specification", () => {
  // 7, 5, 3, 1, 2, 3, 4, 5: blocks of 128 in 4 miniblocks, 8 values, first 7; least difference -2;
  // the rest is 0, 0, 0, 3, 3, 3, 3 in 2 bits each.
  const page = [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b11000000, 0b00111111, 0, 0, 0, 0, 0, 0];
  const decode = (bytes: number[], count: number) =>
    deltaNumbers(Uint8Array.from(bytes), UNSIGNED, count);
  assertSame([...decode(page, 8)], [7, 5, 3, 1, 2, 3, 4, 5]);
  throws(() => decode(page.slice(0, 11), 8), RangeError);
  throws(() => decode(page, 9), RangeError);
});

Deno.test("deltaNumbers() decodes what another library encodes, of 32 and of 64 bits", () => {
  const integer = fc.oneof(fc.integer(), fc.nat(40), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
  const long = fc.oneof(integer, fc.integer({ min: -(2 ** 51), max: 2 ** 51 }));
  fc.assert(fc.property(fc.array(integer, { maxLength: 400 }), (values) => {
    const writer = new ByteWriter();
    deltaBinaryPack(writer, Int32Array.from(values), "INT32");
    assertSame(deltaNumbers(writer.getBytes(), SIGNED, values.length), Int32Array.from(values));
  }));
  fc.assert(fc.property(fc.array(long, { maxLength: 200 }), (values) => {
    const writer = new ByteWriter(), leaf = { type: "INT64", unsigned: false } as const;
    deltaBinaryPack(writer, values.map(BigInt), "INT64");
    assertSame(deltaNumbers(writer.getBytes(), leaf, values.length), Float64Array.from(values));
  }));
  const beyond = new ByteWriter(), leaf = { type: "INT64", unsigned: false } as const;
  deltaBinaryPack(beyond, [1n, 2n ** 62n, -(2n ** 62n)], "INT64");
  throws(() => deltaNumbers(beyond.getBytes(), leaf, 3), /past 2\^51/);
});

Deno.test("decodeDeltaQuickly() leaves what does not fit, and what is damaged, to the plain decoder", () => {
  const large = encodeDelta(Uint32Array.of(1, 70_000, 2)).slice();
  ok(!decodeDeltaQuickly(new Uint16Array(3), large, { leaf: UNSIGNED }));
  ok(decodeDeltaQuickly(new Uint32Array(3), large, { leaf: UNSIGNED }));
  const negative = encodeDelta(Uint32Array.of(5, 2 ** 32 - 1, 6)).slice();
  ok(!decodeDeltaQuickly(new Uint16Array(3), negative, { leaf: SIGNED }));
  const body = encodeDelta(Uint32Array.from({ length: 500 }, (_, i) => i * i)).slice();
  for (let length = 0; length < body.length; length++) {
    let quick: boolean | string, plain: boolean | string;
    const out = new Uint32Array(500), cut = body.slice(0, length);
    try {
      quick = decodeDeltaQuickly(out, cut, { leaf: UNSIGNED });
    } catch (error) {
      quick = (error as Error).name;
    }
    try {
      plain = deltaNumbers(cut, UNSIGNED, 500).length === 500;
    } catch (error) {
      plain = (error as Error).name;
    }
    ok(
      plain === true ? quick === true : quick !== true && plain === "RangeError",
      `${length} bytes`,
    );
  }
});

/** Thirty-two integers of up to `width` bits. */
const lanesOf = (width: number) =>
  fc.array(fc.integer({ min: 0, max: 2 ** width - 1 }), { minLength: LANES, maxLength: LANES });

Deno.test("fillLanes() and packerOf() equal loops over bits, for every width, place and end", () => {
  for (let width = 0; width <= 32; width++) {
    fc.assert(
      fc.property(lanesOf(width), fc.nat(9), fc.nat(200), (lanes, at, cut) => {
        const bytes = new Uint8Array(at + 4 * width),
          bit = (n: number) => (bytes[at + (n >> 3)] >> (n & 7)) & 1;
        packerOf(width)(new DataView(bytes.buffer), at, Uint32Array.from(lanes));
        for (let lane = 0; lane < LANES; lane++) {
          for (let b = 0; b < width; b++) {
            ok(
              bit(lane * width + b) === Math.floor(lanes[lane] / 2 ** b) % 2,
              `bit ${b} of ${lane}`,
            );
          }
        }
        const short = bytes.slice(0, Math.max(at, bytes.length - cut)),
          out = new Uint32Array(LANES);
        fillLanes(out, new DataView(short.buffer), at, width);
        const there = (lane: number) =>
          Array.from({ length: width }, (_, b) => lane * width + b)
            .filter((n) => at + (n >> 3) < short.length && bit(n))
            .reduce((sum, n) => sum + 2 ** (n - lane * width), 0);
        assertSame(out, Uint32Array.from(lanes, (_, lane) => there(lane)));
      }),
      { numRuns: 12 },
    );
  }
});

/** Codes in runs and without, below `size`. */
const codesBelow = (size: number) =>
  fc.array(fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: 70 }), fc.boolean()), {
    maxLength: 9,
  })
    .map((runs) =>
      Uint32Array.from(
        runs.flatMap(([code, n, same]) =>
          Array.from({ length: n }, (_, i) => same ? code : (code + i) % size)
        ),
      )
    );
const sized = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 20 }))
  .chain((size) => fc.tuple(fc.constant(size), codesBelow(size)));

Deno.test("decodeHybridInto() decodes what encodeCodes() and another library encode, any codes", () => {
  fc.assert(fc.property(sized, ([size, codes]) => {
    const width = widthOf(size),
      bytes = encodeCodes(codes, width),
      out = new Uint32Array(codes.length);
    ok(bytes[0] === width);
    decodeHybridInto(out, bytes.subarray(1), width);
    assertSame(out, codes);
    const writer = new ByteWriter();
    writeRleBitPackedHybrid(writer, [...codes], width);
    decodeHybridInto(out.fill(0), writer.getBytes(), width);
    assertSame(out, codes);
  }));
  fc.assert(fc.property(codesBelow(2), (levels) => {
    const out = new Uint8Array(levels.length);
    decodeHybridInto(out, encodeLevels(levels), 1);
    assertSame(out, Uint8Array.from(levels));
  }));
});

for (const Kind of [Uint16Array, Uint32Array, Float32Array, Float64Array, Int32Array]) {
  Deno.test(`lookUpInto() equals a loop, from any code on: ${Kind.name}`, () =>
    fc.assert(
      fc.property(sized, fc.nat(3), fc.nat(), fc.nat(), ([size, codes], more, from, count) => {
        const dictionary = new Kind(
          Array.from({ length: Math.min(size, 5000) }, (_, i) => (i * 37) % 60_000),
        );
        const low = codes.map((code) => code % dictionary.length);
        const width = widthOf(dictionary.length) + more, skip = from % (codes.length + 1);
        const wanted = low.subarray(skip, skip + count % (codes.length - skip + 1));
        const expected = new Kind(Array.from(wanted, (code) => dictionary[code]));
        const writer = new ByteWriter();
        writer.appendUint8(width);
        writeRleBitPackedHybrid(writer, [...low], width);
        for (const bytes of [encodeCodes(low, width), writer.getBytes()]) {
          const out = new Kind(wanted.length);
          lookUpInto(out, bytes, { dictionary, skip });
          assertSame(out, expected);
          const most = wanted.reduce((most, code) => Math.max(most, code), -1);
          const short = { dictionary: dictionary.subarray(0, most), skip };
          if (most >= 0) throws(() => lookUpInto(out, bytes, short), RangeError);
        }
      }),
    ));
}

Deno.test("moveInto() refuses what an array of integers cannot hold, and nothing else", () => {
  const number = fc.oneof(
    fc.integer({ min: -3, max: 70_000 }),
    fc.double(),
    fc.constantFrom(65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, 0.5, NaN),
  );
  fc.assert(fc.property(fc.array(number, { maxLength: 5 }), (numbers) => {
    for (const Kind of [Uint16Array, Uint32Array]) {
      const out = new Kind(numbers.length), most = 256 ** Kind.BYTES_PER_ELEMENT - 1;
      const fits = numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= most);
      const move = () => moveInto(out, Float64Array.from(numbers));
      if (!fits) throws(move, RangeError);
      else {
        move();
        assertSame([...out], numbers.map((n) => n + 0));
      }
    }
    const floats = new Float64Array(numbers.length);
    moveInto(floats, Float64Array.from(numbers));
    assertSame([...floats], numbers);
  }));
});

Deno.test("plainNumbers() and splitNumbers() read what is stored, wherever it lies in memory", () => {
  const KINDS = [
    ["INT32", false, Int32Array],
    ["INT32", true, Uint32Array],
    ["FLOAT", false, Float32Array],
    ["DOUBLE", false, Float64Array],
  ] as const;
  for (const [type, unsigned, Kind] of KINDS) {
    const leaf = { ...column, type, unsigned, short: false };
    fc.assert(fc.property(fc.array(fc.integer()), fc.nat(9), (integers, at) => {
      const numbers = Kind.from(integers), raw = new Uint8Array(numbers.buffer);
      const bytes = new Uint8Array(at + raw.length);
      bytes.set(raw, at);
      assertSame(plainNumbers(bytes.subarray(at), leaf, numbers.length), numbers);
      const size = Kind.BYTES_PER_ELEMENT;
      for (let i = 0; i < raw.length; i++) {
        bytes[at + (i % size) * numbers.length + Math.floor(i / size)] = raw[i];
      }
      assertSame(splitNumbers(bytes.subarray(at), leaf, numbers.length), numbers);
      throws(() => plainNumbers(bytes.subarray(at), leaf, numbers.length + 1), RangeError);
    }));
  }
  const long = { ...column, type: "INT64", unsigned: false, short: false } as const;
  const bytes = new Uint8Array(BigInt64Array.of(-5n, 2n ** 53n - 1n, 2n ** 53n).buffer);
  assertSame([...plainNumbers(bytes, long, 2)], [-5, 2 ** 53 - 1]);
  throws(() => plainNumbers(bytes, long, 3), /2\^53/);
  const truths = { ...column, type: "BOOLEAN", unsigned: false, short: false } as const;
  assertSame([...plainNumbers(Uint8Array.of(0b101, 1), truths, 9)], [1, 0, 1, 0, 0, 0, 0, 0, 1]);
});
