/**
 * The decode worker, which meets its end in the way that its address asks for.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import process from "node:process";
import { type Order, type Sealed, unseal } from "../streams/reading/pool/messages.ts";
import "../streams/reading/pool/worker.ts";

const how = new URL(import.meta.url).searchParams.get("how");
let orders = 0;

parentPort!.on("message", (message: Sealed<Order>) => {
  const { kind } = unseal(message);
  if (kind === "rest" && how === "rest") process.exit(7);
  if (kind !== "read" || ++orders < 2) return;
  switch (how) {
    case "exit":
      return process.exit(7);
    case "close":
      return globalThis.close();
    case "throw":
      throw new Error("struck by lightning");
    case "memory":
      for (const all: ArrayBuffer[] = [];;) all.push(new ArrayBuffer(2 ** 44));
    case "reject":
      return void Promise.reject(new Error("struck by lightning"));
    case "hang":
      for (;;);
  }
});
