/**
 * Work that ends together.
 *
 * @module
 */

/**
 * Runs `use` with a stop that aborts when `outer` does, and when `use` has ended: what it began and did
 * not wait for ends with it.
 */
export async function within<A>(
  outer: AbortSignal,
  use: (stop: AbortController) => Promise<A>,
): Promise<A> {
  outer.throwIfAborted();
  const stop = new AbortController(), pass = () => stop.abort(outer.reason);
  outer.addEventListener("abort", pass);
  try {
    return await use(stop);
  } finally {
    outer.removeEventListener("abort", pass);
    stop.abort();
  }
}

/**
 * Waits for all jobs. The first that fails stops the others, and its error comes out when every one of
 * them has ended.
 */
export function together(
  outer: AbortSignal,
  jobs: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  return within(outer, async (stop) => {
    const ends = await Promise.allSettled(jobs.map(async (job) => {
      try {
        await job(stop.signal);
      } catch (cause) {
        stop.abort(cause);
        throw cause;
      }
    }));
    if (ends.some(({ status }) => status === "rejected")) throw stop.signal.reason;
  });
}
