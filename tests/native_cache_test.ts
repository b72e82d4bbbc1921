/**
 * What is kept in the cache folder, and for how long.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { built } from "../plugins/engines/native/build.ts";
import { outOfUse } from "../plugins/engines/native/cache.ts";
import { withFolder } from "./atlas_folder.ts";
import { numberIn, recipe, whereThereIsOne } from "./native_building.ts";

const DAY = 24 * 60 * 60;

/** Makes files and folders as if they had been left alone for so many days. */
function aged(folder: string, days: Readonly<Record<string, number>>): void {
  const now = statSync(folder).mtimeMs / 1000;
  for (const [name, age] of Object.entries(days)) {
    const path = join(folder, name);
    if (name.endsWith("/")) mkdirSync(path);
    else if (!existsSync(path)) writeFileSync(path, "");
    utimesSync(path, now - age * DAY, now - age * DAY);
  }
}

whereThereIsOne(
  "native() removes libraries that nobody has used for long, and what killed builds left",
  (compiler) =>
    withFolder(async (folder) => {
      const old = "kernels-0123456789abcdef.so", seldom = "kernels-0123456789abcde0.so";
      const place = "kernels-0123456789abcdef.9b2d4c1e-0000-4000-8000-123456789abc/";
      const inUse = (await built(recipe(5), compiler, folder)).slice(folder.length + 1);
      const others = { "atlas-0123456789abcdef/": 99, "notes.so": 99, "level-0123.so": 99 };
      aged(folder, {
        [old]: 31,
        [`${old}.sha256`]: 40,
        [`${old}.agrees`]: 40,
        [seldom]: 400,
        [`${seldom}.sha256`]: 400,
        [`${seldom}.used`]: 29,
        [place]: 2,
        [place.replace("9b2d", "0000")]: 0.5,
        [inUse]: 99,
        [`${inUse}.sha256`]: 99,
        [`${inUse}.used`]: 99,
        ...others,
      });
      // Its use is marked; nothing is built, and nothing removed.
      const before = readdirSync(folder).length;
      await built(recipe(5), compiler, folder);
      assert.equal(readdirSync(folder).length, before);
      const made = (await built(recipe(6), compiler, folder)).slice(folder.length + 1);
      assert.deepEqual(
        readdirSync(folder).toSorted(),
        [
          ...[inUse, made].flatMap((name) => [name, `${name}.sha256`, `${name}.used`]),
          ...[seldom, `${seldom}.sha256`, `${seldom}.used`],
          place.replace("9b2d", "0000").slice(0, -1),
          ...Object.keys(others).map((name) => name.replace("/", "")),
        ].toSorted(),
      );
      assert.equal(numberIn(join(folder, inUse)), 5);
    }),
);

Deno.test("outOfUse() keeps whole libraries: all files of one, or none", () => {
  const name = fc.tuple(
    fc.constantFrom("kernels", "level"),
    fc.constantFrom("0123456789abcdef", "fedcba9876543210"),
    fc.constantFrom("", ".sha256", ".agrees", ".used"),
  ).map(([name, key, end]) => `${name}-${key}.so${end}`);
  const dated = fc.record({ name, changed: fc.integer({ min: 0, max: 90 }) });
  const found = fc.uniqueArray(dated, { selector: ({ name }) => name });
  fc.assert(fc.property(found, (found) => {
    const now = 90 * DAY * 1000, last = new Map<string, number>();
    const libraryOf = (name: string) => name.replace(/\.so.*/, "");
    const files = found.map(({ name, changed }) => ({ name, changed: changed * DAY * 1000 }));
    for (const { name, changed } of files) {
      last.set(libraryOf(name), Math.max(changed, last.get(libraryOf(name)) ?? 0));
    }
    const expected = files.filter(({ name }) => last.get(libraryOf(name))! < 60 * DAY * 1000);
    assert.deepEqual(outOfUse(files, now), expected.map(({ name }) => name));
  }));
});
