/**
 * Tests against numbers that the reference implementations computed, where those numbers are at hand.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";

const folder = new URL("../../shared/fixtures/", import.meta.url);

/** Registers a test that gets a fixture's JSON; it is ignored, and says so, where there is none. */
export function golden<A>(claim: string, path: string, check: (fixture: A) => unknown): void {
  const file = new URL(path, folder), ignore = !existsSync(file);
  Deno.test({
    name: ignore ? `${claim} (ignored: no shared fixtures)` : claim,
    ignore,
    fn: async () => {
      await check(JSON.parse(readFileSync(file, "utf8")));
    },
  });
}
