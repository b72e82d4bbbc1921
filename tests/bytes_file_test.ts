import assert from "node:assert/strict";
import fc from "fast-check";
import { closeSync, openSync, truncateSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../core/errors.ts";
import { openFile } from "../streams/bytes/file.ts";
import { openBytes } from "../streams/bytes/open_bytes.ts";
import { isAddress, joinPlace, shownAddress } from "../streams/bytes/place.ts";
import { readText, readWhole } from "../streams/bytes/read_whole.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";
import { numbered } from "./http_server.ts";

const range = { name: "RangeError" };

Deno.test("openFile() reads any bytes, several at once", () =>
  withFolder(async (folder) => {
    const path = join(folder, "bytes"), bytes = numbered(50_000);
    writeFileSync(path, bytes);
    const file = await openFile(path);
    assert.equal(file.name, path);
    assert.equal(file.size, bytes.length);
    const places = fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length));
    await fc.assert(fc.asyncProperty(fc.array(places), async (asked) => {
      await Promise.all(asked.map(async (ends) => {
        const [from, to] = ends.toSorted((a, b) => a - b), into = new Uint8Array(to - from);
        await file.read(into, from);
        assertSame(into, bytes.subarray(from, to));
      }));
    }));
    await file.close();
    await file.close();
    await assert.rejects(file.read(new Uint8Array(1), 0), { ...range, message: "it is closed" });
  }));

Deno.test("openFile() reads no byte before the first or behind the last", () =>
  withFolder(async (folder) => {
    const path = join(folder, "bytes");
    writeFileSync(path, numbered(100));
    const file = await openFile(path), ends = { ...range, message: "it ends at byte 100" };
    for (const from of [-1, 91, 100, 2 ** 40, NaN, Infinity]) {
      await assert.rejects(file.read(new Uint8Array(10), from), ends);
    }
    await file.close();
  }));

Deno.test("openFile() notices a file that is cut or written while it is open", () =>
  withFolder(async (folder) => {
    const path = join(folder, "bytes"), changed = { ...range, message: /^it changed while/ };
    const written = async (change: () => void) => {
      writeFileSync(path, numbered(3 * 2 ** 20));
      // A file is written some time before it is read; a clock's grain would hide a change at once.
      utimesSync(path, 1e9, 1e9);
      const file = await openFile(path);
      await file.read(new Uint8Array(100), 0);
      change();
      return file;
    };
    const cut = await written(() => truncateSync(path, 1000));
    await cut.read(new Uint8Array(500), 500);
    await assert.rejects(cut.read(new Uint8Array(500), 501), changed);
    await cut.close();

    const rewritten = await written(() => {
      const file = openSync(path, "r+");
      writeSync(file, new Uint8Array(10));
      closeSync(file);
    });
    let read = 0;
    await assert.rejects(async () => {
      for (; read < 2 * 2 ** 20; read += 2 ** 16) {
        await rewritten.read(new Uint8Array(2 ** 16), read);
      }
    }, changed);
    assert.ok(read < 2 ** 20 + 2 ** 16);
    await rewritten.close();
  }));

Deno.test("openFile() gives another version to other bytes", () =>
  withFolder(async (folder) => {
    const path = join(folder, "bytes"), versions = new Set<string>();
    for (const [size, time] of [[10, 1e9], [10, 1e9 + 1], [11, 1e9]]) {
      writeFileSync(path, numbered(size));
      utimesSync(path, time, time);
      for (let again = 0; again < 2; again++) {
        const file = await openFile(path);
        versions.add(file.version);
        await file.close();
      }
    }
    assert.equal(versions.size, 3);
  }));

Deno.test("openBytes() says in a sentence why a place cannot be opened", () =>
  withFolder(async (folder) => {
    const refused = async (place: string, message: RegExp) => {
      await assert.rejects(openBytes(place), (cause: unknown) => {
        assert.ok(cause instanceof InputError);
        assert.match(cause.message, message);
        return true;
      });
    };
    await refused(join(folder, "none"), /^Cannot open ".*none": there is no such file or folder$/);
    await refused(folder, /^Cannot open ".*": it is a folder; name a file in it$/);
    await refused("s3://bucket/a", /^Cannot open "s3:\/\/bucket\/a": nothing here reads s3:\/\/; /);
    await refused(
      "file://other/a",
      /^Cannot open "file:\/\/other\/a": it names another computer; /,
    );
    await refused(
      "http://name:word@:1/",
      /^Cannot open "http:\/\/:1\/": it is not a valid address$/,
    );
    if (Deno.build.os === "linux") {
      await refused("/dev/null", /^Cannot open "\/dev\/null": it is not a file; /);
    }
  }));

Deno.test("openBytes() takes a path and the file address of one", () =>
  withFolder(async (folder) => {
    const path = join(folder, "with space #1");
    writeFileSync(path, "cells");
    for (const place of [path, pathToFileURL(path).href]) {
      const source = await openBytes(place);
      assert.equal(source.size, 5);
      await source.close();
      assert.equal(await readText(place), "cells");
    }
  }));

Deno.test("readText() and readWhole() take no more than they may, and only what they can", () =>
  withFolder(async (folder) => {
    const path = join(folder, "text");
    writeFileSync(path, "\uFEFFTP53\nÅ");
    assert.equal(await readText(path), "\uFEFFTP53\nÅ");
    await assert.rejects(readWhole(path, { limit: 9 }), {
      _tag: "InputError",
      message:
        /^Cannot read ".*text": it has 10 bytes, which are more than the 9 that it may have$/,
    });
    writeFileSync(path, Uint8Array.of(0xC3, 0x28));
    await assert.rejects(readText(path), /^InputError: Cannot read ".*": it is not text in UTF-8$/);
  }));

Deno.test("joinPlace() names a file below a folder, wherever that is", () => {
  assert.ok(isAddress("HTTPS://host/a") && !isAddress("http") && !isAddress("C:\\a"));
  assert.equal(joinPlace("atlases/pbmc", "a.parquet"), join("atlases", "pbmc", "a.parquet"));
  assert.equal(joinPlace("https://h/atlas", "a.parquet"), "https://h/atlas/a.parquet");
  assert.equal(joinPlace("https://h/atlas//?key=1", "a#b?.c"), "https://h/atlas/a%23b%3F.c?key=1");
  assert.equal(joinPlace("https://h", "part/a"), "https://h/part/a");
  assert.equal(shownAddress("https://name:word@h:81/a?key=1#b"), "https://h:81/a?…");
});
