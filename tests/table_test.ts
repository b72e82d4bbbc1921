import { ok } from "node:assert/strict";
import fc from "fast-check";
import { decimal, digitsFor, signed } from "../core/report/tables/cells.ts";
import { csvTable } from "../core/report/tables/csv.ts";
import { latexTable } from "../core/report/tables/latex.ts";
import { markdownTable } from "../core/report/tables/markdown.ts";
import type { RunEvent } from "../core/events.ts";
import { type Format, formats } from "../core/report/tables/format.ts";
import { reportOf } from "../core/report/tables/report.ts";
import { textTable } from "../core/report/tables/text.ts";
import { type Results, resultsOf, rowsOf } from "../core/report/results.ts";
import { wrap } from "../core/report/wrap.ts";
import { assertSame } from "./first_difference.ts";
import { golden } from "./golden.ts";
import { type GoldenRow, goldenRun } from "./golden_run.ts";
import { finishedRun } from "./laws/run_events.ts";

const results = () => finishedRun().map((events) => resultsOf(events)!);

Deno.test("textTable() keeps to the width where names leave room", () =>
  fc.assert(fc.property(results(), fc.integer({ min: 60, max: 200 }), (results, width) => {
    const named = { name: "score", unit: "unit", better: "lower" as const };
    const short = {
      ...results,
      run: {
        ...results.run,
        methods: results.run.methods.map((_, i) => `method ${i}`),
        stages: results.run.stages.map((stage, i) => ({ ...stage, name: `T${i}` })),
        evaluators: results.run.evaluators.map((_, i) => ({ ...named, name: `score ${i}` })),
      },
      scores: results.scores.map((score) => ({
        ...score,
        method: `method ${results.run.methods.indexOf(score.method)}`,
        evaluator: `score ${
          results.run.evaluators.findIndex(({ name }) => name === score.evaluator)
        }`,
      })),
    };
    for (const line of textTable(short, width)) ok(line.length <= width, line);
  })));

Deno.test("textTable() ends no line with a space", () =>
  fc.assert(fc.property(results(), fc.integer({ min: 1, max: 200 }), (results, width) => {
    for (const line of textTable(results, width)) {
      // A name may end with white space of its own kind.
      ok(!line.endsWith(" "), JSON.stringify(line));
    }
  })));

Deno.test("markdownTable() has as many cells in every row, whatever the names", () =>
  fc.assert(fc.property(results(), (results) => {
    const lines = markdownTable(results);
    const table = lines.slice(0, lines.indexOf(""));
    const cells = (line: string) => line.replaceAll(/\\./g, "").split("|").length - 2;
    const columns = 2 + 3 * results.run.evaluators.length;
    assertSame(table.map(cells), table.map(() => columns));
    assertSame(table.length, 2 + rowsOf(results).length);
  })));

Deno.test("latexTable() has as many cells in every row, whatever the names", () =>
  fc.assert(fc.property(results(), (results) => {
    const lines = latexTable(results);
    const rows = lines.slice(lines.indexOf("\\midrule") + 1, lines.indexOf("\\bottomrule"));
    for (const row of rows) {
      ok(row.endsWith(" \\\\"), row);
      const plain = row.slice(0, -2).replaceAll(/\\./g, "");
      assertSame(plain.split("&").length, 2 + 3 * results.run.evaluators.length);
      ok(!/[%#_\r\n]/.test(plain), row);
    }
  })));

Deno.test("csvTable() gives every number back in full precision, whatever the names", () =>
  fc.assert(fc.property(results(), (results) => {
    const [headings, ...lines] = parseCsv(csvTable(results).join("\n"));
    const rows = rowsOf(results);
    const written = lines.map((line) => Object.fromEntries(headings.map((h, i) => [h, line[i]])));
    const expected = rows.flatMap(({ method, set, measures }) =>
      measures.map(({ end, change }, i) => ({
        names: [method, set, results.run.evaluators[i].name],
        numbers: [end?.mean, change?.mean, end && end.n > 1 ? end.sd : undefined],
      }))
    );
    const number = (text: string) => text === "" ? undefined : Number(text);
    assertSame(
      written.map((line) => ({
        names: [line.method, line.genes, line.evaluator],
        numbers: [number(line.end_mean), number(line.change_mean), number(line.end_sd)],
      })),
      expected,
    );
  })));

/** The run with a mark in each of its names. */
const marked = (run: readonly RunEvent[], mark: string): Results =>
  resultsOf(
    JSON.parse(
      JSON.stringify(run),
      (key, value) =>
        typeof value !== "string" || ["type", "better"].includes(key) ? value : `1${value}${mark}.`,
    ) as RunEvent[],
  )!;

Deno.test("reportOf() prints nothing of names that a terminal obeys, and is laid out as ever", () => {
  const obeyed = ["\x1b", "\n", "\r", "\t", "\x7f", "\x9b", "\u2028", "\u202e"];
  fc.assert(fc.property(finishedRun(), fc.constantFrom(...obeyed), (run, mark) => {
    const written = (format: Format, mark: string) => reportOf(marked(run, mark), format, 80);
    const text = written("text", mark).map((line) => line.replaceAll("\ufffd", "1"));
    assertSame(text, written("text", "1"));
    for (const format of ["markdown", "latex"] as const) {
      const lines = written(format, mark);
      ok(!lines.join("").includes(mark), format);
      assertSame(lines.length, written(format, "1").length);
    }
    const names = parseCsv(written("csv", mark).join("\n")).slice(1).map(([run]) => run);
    assertSame(names, names.map(() => marked(run, mark).run.experiment));
  }));
});

Deno.test("latexTable() sets names as they are, also in fonts that have other signs in these places", () => {
  const scores = { T1_after_stage1: 1, T1_after_stage2_union: 2, T2_after_stage2_union: 1 };
  const lines = latexTable(
    marked(goldenRun([{ method: "baseline", seed: 0, ...scores }]), " <a|b>"),
  );
  ok(
    lines.some((line) => line.startsWith("1baseline \\textless{}a\\textbar{}b\\textgreater{}. & ")),
  );
  for (const line of lines) ok(!/[<>|]/.test(line), line);
});

Deno.test("reportOf() writes every run in every format", () =>
  fc.assert(fc.property(results(), fc.integer({ min: 1, max: 200 }), (results, columns) => {
    for (const format of formats) ok(reportOf(results, format, columns).length > 1);
  })));

Deno.test("wrap() breaks lines at spaces only and keeps every word", () =>
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
      fc.integer({ min: 1, max: 40 }),
      (words, columns) => {
        const lines = wrap(words.join(" "), 2, columns);
        assertSame(lines.flatMap((line) => line.trim().split(" ")), words);
        for (const line of lines) ok(line.length <= columns || !line.trim().includes(" "), line);
      },
    ),
  ));

Deno.test("digitsFor() shows three digits of the largest number", () => {
  const scores = [[0.643, 0.01], [2.03], [97.826], [250], [123_456], [0.043], []];
  assertSame(scores.map(digitsFor), [3, 3, 2, 1, 0, 4, 3]);
});

Deno.test("signed() has no sign where nothing but zeros are shown", () => {
  assertSame([0.0004, -0.0004, 0.2639, -2.144].map((v) => signed(v, 3)), [
    "0.000",
    "0.000",
    "+0.264",
    "−2.144",
  ]);
  assertSame(decimal(-0.26, 1), "−0.3");
});

golden<{ rows: GoldenRow[] }>(
  "textTable() shows the reference run as the paper's Table 1 does",
  "gil/gil_run.json",
  ({ rows }) => {
    const lines = textTable(resultsOf(goldenRun(rows))!, 80);
    assertSame(lines.slice(0, 11), [
      "                                 regression loss",
      "                                  squared error",
      "method    genes          learned         at end               Δ",
      "───────────────────────────────────────────────────────────────",
      "baseline  T1       0.380 ± 0.011  0.643 ± 0.028  +0.264 ± 0.032",
      "          T2       0.307 ± 0.015  0.307 ± 0.015               –",
      "replay    T1       0.380 ± 0.011  0.421 ± 0.025  +0.041 ± 0.016",
      "          T2       0.303 ± 0.006  0.303 ± 0.006               –",
      "distill   T1       0.380 ± 0.011  0.618 ± 0.027  +0.239 ± 0.026",
      "          T2       0.343 ± 0.021  0.343 ± 0.021               –",
      "───────────────────────────────────────────────────────────────",
    ]);
  },
);

/** Lines of fields, after RFC 4180. */
function parseCsv(text: string): string[][] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    lines.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\n") lines.push([]);
    if (end === "") break;
  }
  return lines;
}
