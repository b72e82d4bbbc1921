import assert from "node:assert/strict";
import { openAddress } from "../streams/bytes/address.ts";
import { assertSame } from "./first_difference.ts";
import {
  fastPatience,
  numbered,
  type Script,
  type Served,
  type Trouble,
  withServer,
} from "./http_server.ts";
import { bytesAt, file, fine, sentenceOf, serving } from "./one_address.ts";

const refusals: readonly (readonly [Trouble, string])[] = [
  [
    { status: 401 },
    "the server asks for a password (401); give it in the address, as in " +
    "https://name:password@…",
  ],
  [{ status: 403 }, "access is denied, or there is no such file (403)"],
  [{ status: 404 }, "there is no such file (404)"],
  [{ status: 410 }, "it is there no more (410)"],
  [{ status: 400 }, "the server answers 400"],
  ["packed", "the server packs it with gzip although it was asked not to; switch that off there"],
];

for (const [trouble, why] of refusals) {
  const name = typeof trouble === "object" ? JSON.stringify(trouble) : trouble;
  Deno.test(`openAddress() asks once where the answer is final: ${name}`, () =>
    serving(file(100_000), () => trouble, async ({ asked }, address) => {
      assert.equal(await sentenceOf(openAddress(address)), why);
      assert.equal(asked.length, 1);
    }));
}

const versions: readonly (readonly [string, Served, Served])[] = [
  ["ETag", file(100_000), file(100_000, { ETag: '"two"' })],
  ["weak ETag", file(100_000, { ETag: 'W/"1"' }), file(100_000, { ETag: 'W/"2"' })],
  [
    "last change",
    ...["Sat, 01 Feb 2025 00:00:00 GMT", "Sun, 02 Feb 2025 00:00:00 GMT"].map((date) =>
      file(100_000, { "Last-Modified": date })
    ) as [Served, Served],
  ],
  ["size", file(100_000, {}), file(100_001, {})],
  ["size, which is less than is asked for", file(100_000, {}), file(10, {})],
];

for (const [what, before, after] of versions) {
  Deno.test(`openAddress() notices bytes that are replaced while they are read: ${what}`, () =>
    serving(before, fine, async ({ files, asked }, address) => {
      const source = await openAddress(address, { tail: 100 }), some = new Uint8Array(1000);
      await source.read(some, 50_000);
      files.set("/a", after);
      const changed = { name: "RangeError", message: "it changed while it was read" };
      await assert.rejects(source.read(some, 50_000), changed);
      assert.equal(asked.length, 3);
      await source.close();
      const again = await openAddress(address);
      assert.notEqual(again.version, source.version);
      await again.close();
    }));
}

Deno.test("openAddress() takes an ETag that became weak for the same bytes", () =>
  serving(file(100_000), fine, async ({ files }, address) => {
    const source = await openAddress(address, { tail: 0 });
    files.set("/a", file(100_000, { ETag: 'W/"one"', "X-Also": '"one"' }));
    await source.read(new Uint8Array(10), 0);
    await source.close();
  }));

Deno.test("openAddress() waits as long as the server asks, but not longer than it may", async () => {
  const date = "Sat, 01 Feb 2025 00:00:00 GMT", later = "Sat, 01 Feb 2025 00:00:07 GMT";
  const headers = [
    { "Retry-After": "3" },
    { "Retry-After": later, Date: date },
    { "Retry-After": "soon" },
  ];
  let asked = 0;
  await serving(file(10), () => {
    const next = headers[asked++];
    return next && { status: 503, headers: next };
  }, async (_, address) => {
    const patience = fastPatience();
    assertSame(await bytesAt(address, { patience }), numbered(10));
    assertSame(patience.pauses.slice(0, 2), [3000, 7000]);
    assert.ok(patience.pauses[2] <= 1000);
  });
  const hours = { status: 429, headers: { "Retry-After": "7200" } };
  await serving(file(10), () => hours, async ({ asked }, address) => {
    assert.equal(
      await sentenceOf(openAddress(address)),
      "the server answers 429 (too many requests) and asks to wait 7200 s; try again then",
    );
    assert.equal(asked.length, 1);
  });
});

Deno.test("openAddress() doubles the limit of its pauses, and draws them", () =>
  serving(file(10), () => ({ status: 500 }), async ({ asked }, address) => {
    const patience = fastPatience({ attempts: 12, longest: 2000 });
    assert.equal(
      await sentenceOf(openAddress(address, { patience })),
      "the server answers 500 (it has failed inside), also at attempt 12; try again later",
    );
    assert.equal(asked.length, 12);
    patience.pauses.forEach((pause, i) => assert.ok(pause <= Math.min(2000, 250 * 2 ** i)));
    assert.equal(new Set(patience.pauses).size, 11);
    assert.ok(Math.max(...patience.pauses) > 1000);
  }));

Deno.test("openAddress() asks again only for what has not come", () => {
  const troubles: Trouble[] = ["cut in the middle", "less", "more", "cut in the middle"];
  const script: Script = ({ range }) => range === "bytes=0-0" ? undefined : troubles.shift();
  return serving(file(1600), script, async ({ asked }, address) => {
    assertSame(await bytesAt(address, { tail: 0 }), numbered(1600));
    const from = asked.slice(1).map(({ range }) => Number(range.match(/\d+/)![0]));
    assertSame(from, [0, 800, 1200, 1200, 1400]);
  });
});

Deno.test("openAddress() says that nothing answers", () =>
  withServer(fine, async ({ address }) => {
    // The port is taken by this server, which listens at another address of this machine.
    const nobody = `http://[::1]:${new URL(address).port}/a?key=secret`;
    await assert.rejects(
      openAddress(nobody, { patience: fastPatience() }),
      /\/a\?…": (nothing answers there|the connection breaks), also at attempt 5; [^?]*$/,
    );
  }));

Deno.test({
  name: "openAddress() says how it may use the network",
  permissions: { net: false },
  async fn() {
    const message =
      'Cannot read "http://127.0.0.1:81/a": this process may not reach 127.0.0.1:81; ' +
      'the task "online" is gil with leave to, or copy it to a folder';
    await assert.rejects(openAddress("http://127.0.0.1:81/a"), { _tag: "InputError", message });
  },
});
