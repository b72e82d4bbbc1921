/**
 * The graphics device of the machine, for tests that run beside those of TensorFlow.
 *
 * @module
 */

import process from "node:process";
import { tensorflow } from "../plugins/engines/tensorflow.ts";
import { opened } from "./opened.ts";

// Test files share a process, and TensorFlow does not bear a driver in software before it.
if (process.env.GIL_TENSORFLOW) await (await opened(tensorflow({ threads: 2 }))).close();

/** The adapter, if there is one. */
export const adapter: GPUAdapter | null | undefined = await navigator.gpu?.requestAdapter();
