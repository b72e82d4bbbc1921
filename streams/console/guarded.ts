/**
 * A run goes on whatever becomes of those who watch it.
 *
 * @module
 */

import type { RunEvent } from "../../core/events.ts";

/**
 * A listener that never throws. After the first failure of `listen` it stays silent, having said so
 * once through `warn`.
 */
export function guarded(
  id: string,
  listen: (event: RunEvent) => void,
  warn: (line: string) => void,
): (event: RunEvent) => void {
  let failed = false;
  return (event) => {
    if (failed) return;
    try {
      listen(event);
    } catch (cause) {
      failed = true;
      const why = cause instanceof Error ? cause.message : String(cause);
      warn(`Reporter "${id}" stops, the run goes on: ${why}`);
    }
  };
}
