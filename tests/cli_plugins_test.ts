import { match, ok } from "node:assert/strict";
import { map } from "rxjs";
import { Schema } from "effect";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describePlugins, pluginLines } from "../core/report/describe_plugins.ts";
import { encodeEvent } from "../core/report/event_lines.ts";
import { type Plugin, required, setting, transform } from "../core/plugin.ts";
import { pluginsOf } from "../core/registry.ts";
import { exitCodes } from "../streams/console/ending.ts";
import { wrapHelp } from "../streams/console/usage.ts";
import * as box from "../plugins/mod.ts";
import { assertSame } from "./first_difference.ts";
import { goldenRun } from "./golden_run.ts";
import { folderOfTests } from "./atlas_folder.ts";

const folder = folderOfTests();

const scale = transform({
  id: "scale",
  purpose: "multiplies each value",
  config: {
    by: required(Schema.Finite, "what each value is multiplied by"),
    least: setting(Schema.Literals(["zero", "one"]), "zero", "what smaller values become"),
    times: setting(Schema.Int.check(Schema.isGreaterThan(0)), 1, "how often"),
    only: setting(Schema.Array(Schema.String), [], "genes that are meant"),
    note: Schema.optionalKey(Schema.NullOr(Schema.String)),
  },
  make: () => map((batch) => batch),
}) as unknown as Plugin;

Deno.test("describePlugins() reads types, defaults and descriptions from the configuration", () => {
  assertSame(describePlugins([scale])[0].options.map((option) => Object.values(option)), [
    ["by", "number", true, undefined, "what each value is multiplied by"],
    ["least", '"zero" or "one"', false, "zero", "what smaller values become"],
    ["times", "whole number greater than 0", false, 1, "how often"],
    ["only", "list of text", false, [], "genes that are meant"],
    ["note", "text or null", false, undefined, ""],
  ]);
});

Deno.test("pluginLines() puts plugins under their kind, options under their plugin", () => {
  assertSame(pluginLines(describePlugins([scale]), 60), [
    "transform",
    "  scale  multiplies each value",
    "    by (number; required)  what each value is multiplied by",
    '    least ("zero" or "one"; default "zero")  what smaller',
    "      values become",
    "    times (whole number greater than 0; default 1)  how",
    "      often",
    "    only (list of text; default [])  genes that are meant",
    "    note (text or null)",
  ]);
});

Deno.test("every plugin in the box says what it is for and what each option means", () => {
  const all = describePlugins(pluginsOf(box));
  assertSame(all.length, new Set(all.map(({ kind, id }) => `${kind} ${id}`)).size);
  for (const { id, purpose, options } of all) {
    ok(/^[a-z].*[^.]$/.test(purpose), `${id}: ${purpose}`);
    for (const { name, description, type } of options) {
      ok(description.length > 0, `${id}.${name} has no description`);
      ok(!/suspend|declaration|unknown/.test(type), `${id}.${name}: ${type}`);
    }
  }
});

/** Runs the command line in a process of its own. */
function gil(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
  const permissions = ["read", "write", "env", "ffi", "sys"].map((what) => `--allow-${what}`);
  const env = { ...process.env, NO_COLOR: "1" };
  return new Promise((done) => {
    execFile(
      process.execPath,
      ["run", "--quiet", "--no-check", ...permissions, cli, ...args],
      { cwd: folder, env },
      (error, out, err) => done({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

Deno.test("gil plugins --json lists what describePlugins() says", async () => {
  const { code, out } = await gil("plugins", "--json");
  assertSame(code, exitCodes.fine);
  assertSame(JSON.parse(out), JSON.parse(JSON.stringify(describePlugins(pluginsOf(box)))));
});

Deno.test("wrapHelp() breaks a description below its first line, or below the name where it is long", () => {
  const green = "\x1b[32m", end = "\x1b[0m", run = `  ${green}run${end}        Train and judge`;
  assertSame(wrapHelp(`${run} every method of it`, 41), [
    `${run} every method`,
    `${" ".repeat(13)}of it`,
  ]);
  assertSame(wrapHelp(run, 28), [run]);
  assertSame(wrapHelp("  --memory text            Memory that it may take", 46), [
    "  --memory text",
    "      Memory that it may take",
  ]);
  assertSame(wrapHelp("  Trains and judges. It is long.", 22), [
    "  Trains and judges.",
    "  It is long.",
  ]);
});

Deno.test("gil --help names every command", async () => {
  const { code, out } = await gil("--help");
  assertSame(code, exitCodes.fine);
  for (const command of ["run", "check", "table", "genes", "plugins", "atlas"]) {
    match(out, new RegExp(`^  ${command} `, "m"));
  }
});

Deno.test("gil answers a wrong command line with one sentence and exit code 2", async () => {
  const wrong = [["runn"], ["run"], ["run", "x", "--sed", "1"], ["run", "x", "--seeds", "one"]];
  for (const { code, out, err } of await Promise.all(wrong.map((args) => gil(...args)))) {
    assertSame([code, out], [exitCodes.misused, ""]);
    match(err, /^Cannot run gil( run)?: .* --help says more\)\n$/);
  }
});

Deno.test("gil answers a missing file with one sentence and exit code 1", async () => {
  const missing = [["run", "no.jsonc"], ["table", "no"], ["atlas", "info", "no"]];
  for (const { code, out, err } of await Promise.all(missing.map((args) => gil(...args)))) {
    assertSame([code, out], [exitCodes.failed, ""]);
    match(err, /^Cannot .* "no.*": .*[^.]\n$/);
  }
});

Deno.test("gil answers a contradictory experiment with exit code 2 and leaves nothing", async () => {
  const file = join(folder, "wrong.jsonc");
  writeFileSync(file, '{ "name": "wrong", "sampler": { "use": "unifrom" }, }');
  const { code, out, err } = await gil("run", file, "--output", "runs/wrong");
  assertSame([code, out], [exitCodes.misused, ""]);
  match(err, /^Cannot .*\n$/);
  assertSame(readdirSync(folder).includes("runs"), false);
});

Deno.test("gil table reads what a run left, also when it was cut short", async () => {
  const lines = goldenRun([]).map(encodeEvent);
  writeFileSync(join(folder, "events.jsonl"), lines.join("") + '{"type":"sco');
  const { code, out } = await gil("table", ".", "--format", "csv");
  assertSame(code, exitCodes.fine);
  match(out, /^run,method,genes,evaluator,/);
});

Deno.test("gil atlas synth writes an atlas that info and head read", async () => {
  const made = await gil("atlas", "synth", "--output", "synthetic", "--cells", "40");
  assertSame(made, {
    code: 0,
    out: 'Atlas "synthetic": 40 cells, 800 genes, 1 shard\n',
    err: "",
  });
  const [info, head] = await Promise.all([
    gil("atlas", "info", "synthetic", "--json"),
    gil("atlas", "head", "synthetic", "--cells", "3", "--json"),
  ]);
  assertSame(JSON.parse(info.out).cells, 40);
  const rows = head.out.trim().split("\n").map((line) => JSON.parse(line));
  assertSame(rows.map(({ cell }) => cell), [0, 1, 2]);
  const manifest = JSON.parse(readFileSync(join(folder, "synthetic", "atlas.json"), "utf8"));
  assertSame(manifest.cells, 40);
});
