/**
 * The decode worker, which tells how many bytes its arrays take when it is told to rest, and when they
 * have become few.
 *
 * @module
 */

import process from "node:process";
import { parentPort } from "node:worker_threads";
import { type Order, type Sealed, unseal } from "../streams/reading/pool/messages.ts";
import "../streams/reading/pool/worker.ts";

/** Bytes that a worker has which holds no cells. */
const FEW = 4e6;

parentPort!.on("message", (message: Sealed<Order>) => {
  if (unseal(message).kind !== "rest") return;
  const before = process.memoryUsage().external;
  const watch = setInterval(() => {
    const { external } = process.memoryUsage();
    if (external >= FEW) return;
    clearInterval(watch);
    parentPort!.postMessage({ before, after: external });
  }, 5);
});
