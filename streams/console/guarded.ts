/**
 * A run goes on whatever becomes of those who watch it.
 *
 * @module
 */

import type { RunEvent } from "../../core/events.ts";

/**
 * A listener that never throws. After the first failure of `listen`, at once or of a promise that it
 * returned, it stays silent, having said so once through `warn`.
 *
 * @param who Who listens: `Reporter "table"`.
 */
export function guarded(
  who: string,
  listen: (event: RunEvent) => void,
  warn: (line: string) => void,
): (event: RunEvent) => void {
  let failed = false;
  function fail(cause: unknown): void {
    if (failed) return;
    failed = true;
    warn(`${who} stops, the run goes on: ${cause instanceof Error ? cause.message : cause}`);
  }
  return (event) => {
    if (failed) return;
    try {
      const begun: unknown = listen(event);
      // Whoever sends events elsewhere is not waited for; what nobody catches would end the process.
      if (begun instanceof Promise) begun.catch(fail);
    } catch (cause) {
      fail(cause);
    }
  };
}
