/**
 * Jobs one after another.
 *
 * @module
 */

/** Runs a job when all earlier ones have ended, whether they succeeded or not. */
export type Queue = <T>(job: () => T | Promise<T>) => Promise<T>;

/** An empty queue. */
export function queue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(job);
    last = result.catch(() => {});
    return result;
  };
}
