import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Measured } from "./onnx_memory.ts";

const MEGA = 2 ** 20;

/** What a process measures on itself. */
function measure<Name extends keyof Measured>(name: Name): Measured[Name] {
  const script = fileURLToPath(new URL("onnx_memory.ts", import.meta.url));
  const words = ["run", "--allow-all", "--v8-flags=--expose-gc", script, name];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("onnx() takes about the memory that it estimates, and gives it back", () => {
  const { grown, left } = measure("growth");
  for (const { estimate, measured } of grown) {
    assert.ok(estimate > 50 * MEGA);
    const ratio = measured / estimate;
    assert.ok(ratio > 0.6 && ratio < 1.7, `${measured} bytes, ${estimate} estimated`);
  }
  assert.ok(left < 0.4 * grown[0].measured, `${left} bytes left`);
});

Deno.test("onnx() trains on five sizes in little more than the memory of the largest", () => {
  const { largest, all } = measure("buckets");
  assert.ok(all < 1.4 * largest, `${all} bytes, ${largest} by the largest`);
});

Deno.test("onnx() takes no more memory step by step", () => {
  const { growth } = measure("flat");
  assert.ok(growth < 4 * MEGA, `${growth} bytes in 500 steps`);
});
