import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { openAddress } from "../streams/bytes/address.ts";
import { readText } from "../streams/bytes/read_whole.ts";
import { assertSame } from "./first_difference.ts";
import { fastPatience, numbered, type Script, withServer } from "./http_server.ts";
import { bytesAt, file, fine, sentenceOf, serving } from "./one_address.ts";

Deno.test("openAddress() takes one request, which serves the reads of the end too", () =>
  serving(file(300_000), fine, async ({ asked }, address) => {
    const source = await openAddress(address), end = new Uint8Array(65_536);
    assert.equal(source.size, 300_000);
    assert.match(source.name, /^http:\/\/127\.0\.0\.1:\d+\/a\?…$/);
    await source.read(end.subarray(0, 8), 300_000 - 8);
    await source.read(end, 300_000 - 65_536);
    assertSame(end, numbered(300_000).subarray(-65_536));
    assertSame(asked.map(({ range }) => range), ["bytes=-65536"]);

    // Only what is missing before the end is asked for.
    const more = new Uint8Array(70_000);
    await source.read(more, 230_000);
    assertSame(more, numbered(300_000).subarray(230_000));
    await source.read(more.subarray(0, 5), 7);
    assertSame(asked.slice(1).map(({ range }) => range), ["bytes=230000-234463", "bytes=7-11"]);
    for (const { headers } of asked.slice(1)) assert.equal(headers["if-range"], '"one"');
    await source.close();
  }));

Deno.test("openAddress() reads nothing behind the end, before the first byte, or when closed", () =>
  serving(file(100_000), fine, async ({ asked }, address) => {
    const source = await openAddress(address), ten = new Uint8Array(10);
    for (const from of [-1, 99_991, 2 ** 40, NaN]) {
      await assert.rejects(source.read(ten, from), { message: "it ends at byte 100000" });
    }
    await source.read(new Uint8Array(0), 5);
    await source.close();
    await assert.rejects(source.read(ten, 0), { name: "RangeError", message: "it is closed" });
    assert.equal(asked.length, 1);
  }));

Deno.test("openAddress() asks for the parts of a large read at once and keeps their order", () =>
  serving(file(9 * 2 ** 20), fine, async ({ asked }, address) => {
    assertSame(Buffer.compare(await bytesAt(address, { tail: 0 }), numbered(9 * 2 ** 20)), 0);
    const parts = [
      "bytes=0-0",
      "bytes=0-4194303",
      "bytes=4194304-8388607",
      "bytes=8388608-9437183",
    ];
    assertSame(asked.map(({ range }) => range).toSorted(), parts);
  }));

Deno.test("openAddress() makes at most so many requests at once, and as many", () => {
  const held: (() => void)[] = [];
  const script: Script = ({ range }) =>
    new Promise((go) => {
      if (range.startsWith("bytes=-")) return go(undefined);
      held.push(() => go(undefined));
      if (held.length === 3) held.splice(0).forEach((release) => release());
    });
  return serving(file(100_000), script, async ({ most }, address) => {
    const sources = await Promise.all([1, 2].map(() => openAddress(address, { atOnce: 3 })));
    const parts = Array.from({ length: 12 }, () => new Uint8Array(100));
    await Promise.all(parts.map((part, i) => sources[i % 2].read(part, i * 100)));
    parts.forEach((part, i) =>
      assertSame(part, numbered(100_000).subarray(i * 100, i * 100 + 100))
    );
    assert.equal(most(), 3);
    await Promise.all(sources.map((source) => source.close()));
  });
});

Deno.test("openAddress() refuses a server without ranges, and does not read all it would send", () =>
  withServer(({ path }) => path === "/a" ? "whole" : "endless", async (server) => {
    for (const path of ["/a", "/b"]) {
      server.files.set(path, file(2 ** 20 + 1));
      const opening = openAddress(server.address + path, { patience: fastPatience() });
      await assert.rejects(
        opening,
        /^InputError: Cannot read ".*": the server sends it as a whole /,
      );
    }
    assert.equal(server.asked.length, 4);
  }));

for (const trouble of ["whole", "whole of unknown size"] as const) {
  Deno.test(`openAddress() takes a small file from a server without ranges: ${trouble}`, () =>
    serving(file(2 ** 20), () => trouble, async ({ asked }, address) => {
      assertSame(Buffer.compare(await bytesAt(address), numbered(2 ** 20)), 0);
      assert.equal(asked.length, 1);
    }));
}

Deno.test("openAddress() copes with a server that cannot count from the end", () =>
  serving(file(3 * 2 ** 20), () => "no suffix", async ({ asked }, address) => {
    assertSame(Buffer.compare(await bytesAt(address), numbered(3 * 2 ** 20)), 0);
    assertSame(asked.map(({ range }) => range), [
      "bytes=-65536",
      "bytes=0-0",
      "bytes=0-3145727",
    ]);
  }));

Deno.test("openAddress() opens what is empty", () =>
  serving(file(0), fine, async (_, address) => {
    assert.equal((await bytesAt(address)).length, 0);
    assert.equal((await bytesAt(address, { tail: 0 })).length, 0);
  }));

Deno.test("openAddress() sends the password of an address, and shows it to nobody", () =>
  serving(
    file(10),
    ({ headers }) =>
      headers.authorization === `Basic ${btoa("me:sec:ret")}` ? undefined : { status: 401 },
    async (
      _,
      address,
    ) => {
      const known = address.replace("://", "://me:sec%3Aret@");
      assertSame(await bytesAt(known), numbered(10));
      assert.match(await sentenceOf(openAddress(known.replace("me", "you"))), /\(401\)/);
    },
  ));

Deno.test("openAddress() follows redirects, and holds where they end against the range", () =>
  serving(
    file(100_000),
    ({ path }) => path === "/there" ? { status: 302, headers: { Location: "/a" } } : undefined,
    async ({ address, asked }) => {
      assertSame(await bytesAt(`${address}/there`), numbered(100_000));
      assertSame(asked.map(({ path }) => path), ["/there", "/a", "/there", "/a"]);
      assertSame(asked[3].range, asked[2].range);
    },
  ));

Deno.test("readText() takes one request", () =>
  serving({ bytes: Buffer.from("TP53\n"), headers: {} }, fine, async ({ asked }, address) => {
    assert.equal(await readText(address), "TP53\n");
    assert.equal(asked.length, 1);
    await assert.rejects(readText(address, { limit: 4 }), /: it has 5 bytes, which are more than /);
  }));
