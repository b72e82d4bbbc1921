import { equal, match, ok, rejects, throws } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "../core/errors.ts";
import { limitMemory } from "../streams/parquet/foreign/limit_memory.ts";
import { rangeBlob } from "../streams/parquet/foreign/range_blob.ts";
import { type Supervised, supervised } from "../streams/parquet/foreign/supervised_worker.ts";
import { slowReader } from "../streams/parquet/slow_column.ts";
import { bytesInMemory } from "./bytes_in_memory.ts";
import { assertSame } from "./first_difference.ts";
import { kindOf, STORED, tokensOf } from "./foreign_cells.ts";

const stored = readFileSync(join(STORED, "pyarrow_v2_brotli.parquet"));

const say = (worker: Supervised<string, string>, question: string, patience = 60_000) =>
  worker.ask({ question, patience, hear: (word) => Promise.resolve({ answer: word }) });
const bad = () => supervised<string, string>(new URL("./foreign_bad_worker.ts", import.meta.url));

Deno.test("supervised() tells whoever asked that its worker died, and starts another", async () => {
  const worker = bad();
  equal(await say(worker, "one"), "one");
  await rejects(
    say(worker, "die"),
    (error) => error instanceof RangeError && /died.*of old age/.test(error.message),
  );
  equal(await say(worker, "two"), "two");
  await rejects(say(worker, "reject"), /of grief/);
  equal(await say(worker, "three"), "three");
  worker.end();
});

Deno.test("supervised() answers one question after another", async () => {
  const worker = bad();
  const answers = ["a", "b", "c"].map((question) => say(worker, question));
  assertSame(await Promise.all(answers), ["a", "b", "c"]);
  worker.end();
  equal(await say(worker, "d"), "d");
  worker.end();
});

Deno.test("supervised() waits no longer than it has patience, and then asks no more", async () => {
  const worker = bad();
  await rejects(say(worker, "hang", 50), /its reader was silent for 0\.05 s/);
  await rejects(say(worker, "one"), /its reader was silent/);
});

Deno.test("supervised() fails what is being asked when it is ended", async () => {
  const worker = bad(), asked = say(worker, "hang");
  const refused = rejects(asked, /its reader was ended/);
  await new Promise((later) => setTimeout(later));
  worker.end();
  await refused;
});

Deno.test("supervised() passes on what the conversation throws, and starts another worker", async () => {
  const worker = bad();
  await rejects(
    worker.ask({ question: "one", patience: 60_000, hear: () => Promise.reject(new Error("no")) }),
    /^Error: no$/,
  );
  equal(await say(worker, "two"), "two");
  worker.end();
});

Deno.test("slowReader() survives whatever a damaged page does to parquet-wasm", async () => {
  const clean = slowReader(bytesInMemory(stored)), rows = { from: 0, to: 20 };
  const whole = await clean.read("genes", 0, rows);
  clean.close();
  ok(whole.kind === "lists");
  assertSame([...whole.values.subarray(0, whole.offsets[1])], tokensOf(0, "nullable"));
  let refused = 0;
  for (let at = 30; at < 1500; at += 150) {
    const damaged = Uint8Array.from(stored);
    damaged[at] ^= 255;
    const reader = slowReader(bytesInMemory(damaged));
    try {
      const read = await reader.read("genes", 0, rows);
      equal(read.kind, "lists");
    } catch (error) {
      ok(error instanceof RangeError, String(error));
      match(error.message, /^column "genes" cannot be read: /);
      refused++;
    }
    reader.close();
  }
  ok(refused > 0);
});

Deno.test("slowReader() goes on with other columns where one cannot be read", async () => {
  const reader = slowReader(bytesInMemory(stored));
  await rejects(reader.read("genes", 99, { from: 0, to: 1 }), /^RangeError: column "genes" cannot/);
  await rejects(reader.read("none", 0, { from: 0, to: 1 }), /^RangeError: column "none" cannot/);
  const kinds = await reader.read("kind", 2, { from: 3, to: 6 });
  ok(kinds.kind === "texts");
  assertSame(Array.from(kinds.codes, (code) => kinds.texts[code]), [43, 44, 45].map(kindOf));
  reader.close();
});

Deno.test("slowReader() passes on why bytes cannot be read", async () => {
  const read = () => Promise.reject(new RangeError("it was replaced"));
  const reader = slowReader({ ...bytesInMemory(stored), read });
  await rejects(reader.read("genes", 0, { from: 0, to: 1 }), /cannot be read: it was replaced$/);
  reader.close();
  // The file is not damaged by that.
  const silent = new InputError({ message: "Cannot read it: nothing answers there" });
  const remote = slowReader({ ...bytesInMemory(stored), read: () => Promise.reject(silent) });
  await rejects(remote.read("genes", 0, { from: 0, to: 1 }), silent);
  remote.close();
});

Deno.test("slowReader() refuses files whose offsets parquet-wasm would cut", async () => {
  const reader = slowReader(bytesInMemory(stored, 2 ** 32));
  await rejects(
    reader.read("genes", 0, { from: 0, to: 1 }),
    /parquet-wasm, which reads no file of 4 GiB or more; write it again in smaller files/,
  );
  reader.close();
});

Deno.test("limitMemory() sets how far the memory of a module may grow", async () => {
  const entry = createRequire(import.meta.url).resolve("parquet-wasm/esm");
  const module = readFileSync(join(dirname(entry), "parquet_wasm_bg.wasm"));
  for (const bytes of [new Uint8Array(module), limitMemory(module, 2 ** 26)]) {
    ok(await WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>));
  }
  // (module (memory (export "m") 1))
  const tiny = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 109, 2, 0);
  const grow = async (bytes: Uint8Array<ArrayBuffer>) => {
    const { instance } = await WebAssembly.instantiate(bytes);
    return () => (instance.exports.m as WebAssembly.Memory).grow(1);
  };
  const free = await grow(tiny), limited = await grow(limitMemory(tiny, 2 * 65_536));
  for (let page = 1; page < 4; page++) free();
  limited();
  throws(limited, RangeError);
  throws(() => limitMemory(tiny.subarray(0, 8), 1), /defines no memory/);
});

Deno.test("rangeBlob() slices as a Blob does", async () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, i) => i), blob = new Blob([bytes]);
  const ranged = rangeBlob((from, to) => Promise.resolve(bytes.slice(from, to).buffer), 0, 20);
  for (const [from, to] of [[2, 9], [-8, undefined], [-8, -3], [5, 2], [0, 99], [30, 40]]) {
    const one = ranged.slice(from, to).slice(1, 5), other = blob.slice(from, to).slice(1, 5);
    equal(one.size, other.size);
    assertSame(new Uint8Array(await one.arrayBuffer()), new Uint8Array(await other.arrayBuffer()));
  }
});
