import { equal, match, ok } from "node:assert/strict";
import { Cause, Effect } from "effect";
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { InputError } from "../core/errors.ts";
import { printable } from "../core/report/printable.ts";
import { writeAtlas } from "../streams/atlas/write_atlas.ts";
import { sentenceOf } from "../streams/console/ending.ts";
import { withFolder } from "./atlas_folder.ts";
import { assertSame } from "./first_difference.ts";

/** A code unit that moves the cursor, colours, ends lines or turns the direction. */
function isObeyed(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || [0x2028, 0x2029].includes(code) ||
    (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

Deno.test("printable() leaves nothing that is obeyed, every other character, and the length", () =>
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(0x2070), fc.nat(0xffff), fc.constantFrom(0x1b, 0x0a, 0x9b, 0x202e))),
      (codes) => {
        const text = String.fromCharCode(...codes), shown = printable(text);
        equal(shown.length, text.length);
        for (let i = 0; i < codes.length; i++) {
          ok(!isObeyed(shown.charCodeAt(i)), `${codes[i]}`);
          ok(shown[i] === text[i] || shown[i] === "\ufffd");
        }
        equal(printable(shown), shown);
      },
    ),
  ));

Deno.test("printable() keeps every script, and what joins letters and pictures", () => {
  const names = ["CD4⁺ T cell", "γδ T", "λ−Δ ± 5 %", "两个 细胞", "می‌خواهم", "👩‍🔬", "\u{f0000}"];
  for (const name of names) equal(printable(name), name);
});

Deno.test("sentenceOf() tells names of data in one line that a terminal does not obey", () => {
  const message = 'Cannot find "a": known are "\x1b[31mb", "c\nd"';
  equal(
    sentenceOf(Cause.fail(new InputError({ message }))),
    'Cannot find "a": known are "\ufffd[31mb", "c\ufffdd"',
  );
});

Deno.test("gil atlas info, head and stats print names of data that no terminal obeys", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a"), red = "\x1b[31mRED\x1b[0m", broken = "two\nlines";
    await Effect.runPromise(writeAtlas(path, {
      vocabulary: { symbols: ["A", "B\x1b[2J"] },
      values: "counts",
      columns: [{ name: "type\x9b", categories: [red, broken] }],
      numbers: [],
      provenance: "a \x07test",
      batches: (async function* () {
        yield {
          cells: new Uint32Array(2),
          offsets: Uint32Array.of(0, 1, 2),
          genes: Uint32Array.of(0, 1),
          values: Float32Array.of(1, 2),
          obs: { "type\x9b": Int32Array.of(0, 1) },
        };
      })(),
    }));
    const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
    const gil = async (...words: string[]) => {
      const all = ["run", "-A", "--no-check", cli, "atlas", ...words];
      return (await promisify(execFile)(process.execPath, all)).stdout;
    };
    const looks = ["info", "head", "stats"];
    const told = await Promise.all(looks.map((look) => gil(look, path)));
    for (const text of told) {
      const obeyed = [...text.replaceAll("\n", "")].filter((character) =>
        isObeyed(character.charCodeAt(0))
      );
      assertSame(obeyed, []);
      match(text, /�\[31mRED�\[0m/);
      match(text, /two�lines/);
    }
    const [cell] = (await gil("head", path, "--json")).split("\n");
    equal(JSON.parse(cell).obs["type\x9b"], red);
  }));
