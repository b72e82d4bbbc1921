import assert from "node:assert/strict";
import { type AddressOptions, openAddress } from "../streams/bytes/address.ts";
import { patient } from "../streams/bytes/patience.ts";
import { watchSilence } from "../streams/bytes/silence.ts";
import { assertSame } from "./first_difference.ts";
import { fastPatience, type Script, withServer } from "./http_server.ts";
import { file, sentenceOf, serving } from "./one_address.ts";

Deno.test("openAddress() gives up a server that says nothing", async () => {
  for (const trouble of ["silent", "silent in the middle"] as const) {
    const patience = fastPatience();
    const script: Script = () => {
      patience.endSilence();
      return trouble;
    };
    await serving(file(1000), script, async ({ asked }, address) => {
      assert.equal(
        await sentenceOf(openAddress(address, { patience })),
        "nothing has come for 20 s, also at attempt 5; try again later",
      );
      assert.equal(asked.length, 5);
    });
  }
});

Deno.test("watchSilence() bears what is slow and stops what hangs", async () => {
  const heard = [5000, 1024, 1023], stop = new AbortController();
  const stopped = new Promise((go) => stop.signal.addEventListener("abort", go));
  const wait = async () => {
    await Promise.resolve();
    watched.heard += heard.shift()!;
  };
  const watched = watchSilence(fastPatience({ wait }), stop);
  await stopped;
  assertSame(heard, []);
  assert.equal(watched.silent, true);
});

Deno.test("openAddress() is ended by its signal and by close(), and leaves no request open", async () => {
  let arrived = () => {};
  const script: Script = ({ range }) => {
    if (range.startsWith("bytes=-")) return undefined;
    arrived();
    return "silent in the middle";
  };
  await serving(file(100_000), script, async ({ quiet }, address) => {
    const reading = async (options: AddressOptions) => {
      const source = await openAddress(address, { patience: fastPatience(), ...options });
      const three = new Promise<void>((go) => {
        let requests = 0;
        arrived = () => void (++requests === 3 && go());
      });
      const reads = [0, 1, 2].map((i) => source.read(new Uint8Array(1000), i * 1000));
      const ends = Promise.allSettled(reads);
      await three;
      return { source, ends };
    };
    const controller = new AbortController(), reason = new Error("enough");
    const stopped = await reading({ signal: controller.signal });
    controller.abort(reason);
    for (const end of await stopped.ends) assertSame(end, { status: "rejected", reason });
    await quiet();
    await assert.rejects(stopped.source.read(new Uint8Array(1), 0), reason);
    await stopped.source.close();
    await assert.rejects(openAddress(address, { signal: controller.signal }), reason);

    // Two of these wait for their turn when it is closed.
    const closed = await reading({});
    const late = [4, 5, 6, 7, 8].map((i) => closed.source.read(new Uint8Array(1000), i * 1000));
    const ends = Promise.allSettled([...late, closed.ends]);
    await closed.source.close();
    for (const end of (await ends).slice(0, 5)) {
      assert.equal(end.status === "rejected" && end.reason.message, "it is closed");
    }
    await quiet();
  });
});

Deno.test("openAddress() is ended while it opens, and while it pauses", () =>
  withServer(({ path }) => path === "/pause" ? { status: 503 } : "silent", async (server) => {
    for (const path of ["/open", "/pause"]) {
      server.files.set(path, file(10));
      const controller = new AbortController(), reason = new Error("enough");
      const patience = fastPatience({
        wait: (milliseconds, signal) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
            if (milliseconds !== 20_000) controller.abort(reason);
          }),
      });
      const opening = openAddress(server.address + path, { patience, signal: controller.signal });
      const ended = assert.rejects(opening, reason);
      if (path === "/open") {
        while (server.asked.length === 0) await new Promise((soon) => setTimeout(soon, 1));
        controller.abort(reason);
      }
      await ended;
      await server.quiet();
    }
  }));

Deno.test("openAddress() stops the other parts when one fails, and writes nothing afterwards", () => {
  const script: Script = async ({ range }) => {
    if (range === "bytes=0-0") return undefined;
    if (range.startsWith("bytes=4194304-")) {
      await both;
      return { status: 404 };
    }
    begun();
    return "silent in the middle";
  };
  let begun = () => {};
  const both = new Promise<void>((go) => begun = go);
  return serving(file(5 * 2 ** 20), script, async ({ quiet }, address) => {
    const source = await openAddress(address, { tail: 0, patience: fastPatience() });
    const into = new Uint8Array(source.size);
    assert.equal(await sentenceOf(source.read(into, 0)), "there is no such file (404)");
    into.fill(7);
    await quiet();
    assert.ok(into.every((byte) => byte === 7));
    await source.close();
  });
});

Deno.test("patient() waits, and is ended while it does", async () => {
  const { wait } = patient("test"), controller = new AbortController();
  await wait(0, controller.signal);
  const waiting = assert.rejects(wait(1e9, controller.signal), { name: "AbortError" });
  controller.abort();
  await waiting;
});
