/**
 * A transform that changes nothing and writes down, once a second, what its process holds.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { Schema } from "effect";
import { appendFileSync, readdirSync } from "node:fs";
import process from "node:process";
import { tap } from "rxjs";
import { required, transform } from "gil";

/** What a process holds at a moment. */
export interface Seen {
  /** Seconds since the process began. */
  readonly seconds: number;
  /** Bytes that the system has given it, and those of JavaScript's objects. */
  readonly rss: number;
  readonly heap: number;
  /** Tensors of TensorFlow.js that are not disposed of. */
  readonly tensors: number;
  /** Open files, sockets and the like. */
  readonly handles: number;
}

export const probe = transform({
  id: "soak-probe",
  purpose: "writes down what its process holds",
  config: { path: required(Schema.String, "file that gets a line of JSON a second") },
  make({ path }) {
    let noted = 0;
    return tap(() => {
      const seconds = process.uptime();
      if (seconds - noted < 1) return;
      noted = seconds;
      const { rss, heapUsed: heap } = process.memoryUsage();
      const handles = readdirSync("/proc/self/fd").length;
      const seen: Seen = { seconds, rss, heap, tensors: tf.engine().state.numTensors, handles };
      appendFileSync(path, JSON.stringify(seen) + "\n");
    });
  },
});
