/**
 * Notices when nothing comes any more.
 *
 * @module
 */

import type { Patience } from "./patience.ts";

/** Bytes that must come while a patience bears silence: fewer are a connection that hangs. */
const LEAST = 1024;

/** What is known of something that is waited for. */
export interface Watched {
  /** Bytes that have come, counted by whoever gets them. */
  heard: number;
  /** Whether it was stopped because nothing came. */
  silent: boolean;
}

/** Stops what has gone silent; the watch ends when that is stopped for whatever reason. */
export function watchSilence({ wait, silence }: Patience, stop: AbortController): Watched {
  const watched: Watched = { heard: 0, silent: false };
  async function watch(): Promise<void> {
    for (let before = -LEAST; watched.heard - before >= LEAST;) {
      before = watched.heard;
      await wait(silence, stop.signal);
    }
    watched.silent = true;
    stop.abort();
  }
  // Waiting fails when the request has ended, and so the watch ends.
  watch().catch(() => {});
  return watched;
}
