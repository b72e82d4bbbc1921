import { setTimeout } from "node:timers/promises";

/** The numbers below `length`, counting what was pulled and how often it was ended early. */
export function counted(length: number, fails = Infinity) {
  const seen = { pulled: 0, returned: 0 };
  const iterator: AsyncIterator<number> = {
    async next() {
      const value = seen.pulled++;
      await setTimeout(0);
      if (value === fails) throw new Error("the source fails");
      return value < length ? { done: false, value } : { done: true, value: undefined };
    },
    return() {
      seen.returned++;
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { seen, source: { [Symbol.asyncIterator]: () => iterator } };
}
