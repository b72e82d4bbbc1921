/**
 * Which line of a model an error is about, told from the stack.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Operations of TensorFlow.js call each other some ten frames deep, composites some more. */
const DEPTH = 100;

const ROOT = new URL("../../", import.meta.url).href;
const OURS = [new URL("./", import.meta.url).href, new URL("../engine/", import.meta.url).href];
/** Whoever is called from here is the model, or a gradient of TensorFlow.js. */
const CALLER = new URL("../engine/apply.ts", import.meta.url).href;

/** What `f` returns; stacks of errors are as long as `modelLine` needs. */
export function withLongStacks<T>(f: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.max(limit, DEPTH);
  try {
    return f();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * The innermost line of the model, "plugins/architectures/my_model.ts:41": files of this project from
 * its root, others in full. "in a gradient" where TensorFlow.js had left the model behind; undefined
 * where neither had been entered.
 */
export function modelLine(stack: string | undefined): string | undefined {
  const frames = [...(stack ?? "").matchAll(/(file:\/\/\S+?):(\d+):\d+/g)];
  const end = frames.findIndex(([, file]) => file === CALLER);
  if (end <= 0) return undefined;
  const found = frames.slice(0, end).find(([, file]) =>
    !file.includes("/@tensorflow") && !OURS.some((folder) => file.startsWith(folder))
  );
  if (!found) return "in a gradient";
  const [, file, line] = found;
  return `${file.startsWith(ROOT) ? file.slice(ROOT.length) : fileURLToPath(file)}:${line}`;
}
