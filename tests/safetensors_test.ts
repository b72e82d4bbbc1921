import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { decodeTensors, encodeTensors, type StoredTensor } from "../core/model/safetensors.ts";
import { assertSame } from "./first_difference.ts";

const shape = fc.array(fc.nat(4), { maxLength: 3 });

/** An array of some element type that fills the shape. */
const tensor: fc.Arbitrary<StoredTensor> = shape.chain((shape) => {
  const length = shape.reduce((a, b) => a * b, 1),
    exactly = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.float32Array({ ...exactly, noNaN: true }),
    fc.float64Array(exactly),
    fc.int32Array(exactly),
    fc.uint32Array(exactly),
    fc.uint16Array(exactly),
    fc.uint8Array(exactly),
    fc.bigInt64Array(exactly),
  ).map((values) => ({ shape, values }));
});

const name = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__");
const file = fc.record({
  tensors: fc.uniqueArray(fc.tuple(name, tensor), { selector: ([name]) => name, maxLength: 6 })
    .map((entries) => new Map(entries)),
  metadata: fc.dictionary(name, fc.string({ unit: "grapheme" })).map((words) => ({ ...words })),
});

const asList = (tensors: ReadonlyMap<string, StoredTensor>) =>
  [...tensors].sort(([a], [b]) => a < b ? -1 : 1);

Deno.test("decodeTensors() gives back what encodeTensors() was given", () =>
  fc.assert(fc.property(file, ({ tensors, metadata }) => {
    const found = decodeTensors(encodeTensors({ tensors, metadata }), "test");
    assertSame(asList(found.tensors), asList(tensors));
    assertSame(found.metadata, metadata);
  })));

Deno.test("encodeTensors() gives the same bytes in whatever order the arrays come", () =>
  fc.assert(fc.property(file, ({ tensors, metadata }) => {
    const reversed = new Map([...tensors].reverse());
    assertSame(
      encodeTensors({ tensors: reversed, metadata }),
      encodeTensors({ tensors, metadata }),
    );
  })));

Deno.test("decodeTensors() refuses a file that is cut off or goes on, in one sentence", () =>
  fc.assert(fc.property(file, fc.nat(), (content, cut) => {
    const bytes = encodeTensors(content);
    refuses(bytes.subarray(0, cut % bytes.length));
    refuses(Uint8Array.of(...bytes, 0));
  })));

Deno.test("decodeTensors() reads any bytes or refuses them in one sentence", () =>
  fc.assert(
    fc.property(file, fc.nat(), fc.nat(255), (content, place, value) => {
      const bytes = encodeTensors(content);
      bytes[place % bytes.length] = value;
      try {
        decodeTensors(bytes, "test");
      } catch (error) {
        assert.ok(error instanceof InputError, `${error}`);
      }
    }),
    { numRuns: 500 },
  ));

/** A file with this header, as it stands, before some bytes of data. */
function written(header: string, data = 8): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function refuses(bytes: Uint8Array, why = /^Cannot read weights "test": [^.]+$/) {
  assert.throws(() => decodeTensors(bytes, "test"), (error) => {
    assert.ok(error instanceof InputError, `${error}`);
    assert.match(error.message, why);
    return true;
  });
}

Deno.test("decodeTensors() reads a file written by hand, also through Node's Buffer", () => {
  const bytes = written('{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}');
  new DataView(bytes.buffer).setFloat32(bytes.length - 8, 1.5, true);
  for (const given of [bytes, Buffer.from(bytes)]) {
    const { tensors, metadata } = decodeTensors(given, "test");
    assertSame([...tensors], [["a", { shape: [1, 2], values: Float32Array.of(1.5, 0) }]]);
    assertSame(metadata, {});
  }
});

Deno.test("decodeTensors() says what is wrong with a header", () => {
  const one = (entry: string) => written(`{"a":${entry}}`);
  refuses(written("{"), /not JSON/);
  refuses(written("[]"), /not a JSON object/);
  refuses(written('{"__metadata__":{"a":1}}', 0), /metadata/);
  refuses(one("3"), /no description/);
  refuses(
    one('{"dtype":"F16","shape":[4],"data_offsets":[0,8]}'),
    /array "a" holds F16, which is not read; save it as float32 \(F32\)$/,
  );
  refuses(one('{"dtype":"toString","shape":[4],"data_offsets":[0,8]}'), /holds toString/);
  refuses(one('{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}'), /no valid shape/);
  refuses(one('{"dtype":"F32","shape":[2],"data_offsets":[0]}'), /no valid place/);
  refuses(one('{"dtype":"F32","shape":[3],"data_offsets":[0,8]}'), /needs 12/);
  refuses(one('{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'), /begins at byte 4/);
  refuses(
    written(
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
        '"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    ),
    /"b" begins at byte 4 instead of 8/,
  );
});
