import { readFileSync } from "node:fs";

/** Seconds of processor time. */
interface Load {
  /** Of everything on the machine. */
  readonly all: number;
  /** Of this process and of its children that have ended. */
  readonly own: number;
}

/** Ticks in a second, as the kernel tells them to programs. */
const TICKS = 100;

/**
 * Begins to watch what else the machine does. The function that comes back says how many cores'
 * worth of time other programs took since then, once all children have ended; undefined where the
 * system does not tell.
 */
export function watchLoad(): () => number | undefined {
  const before = loadNow(), begun = performance.now();
  return () => {
    const after = loadNow();
    if (!before || !after) return undefined;
    const others = after.all - before.all - (after.own - before.own);
    return Math.max(0, others / (performance.now() - begun) * 1000);
  };
}

function loadNow(): Load | undefined {
  try {
    const cpu = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/\s+/).slice(1).map(Number);
    const [user, nice, system, , , irq, softirq, steal] = cpu;
    const self = readFileSync("/proc/self/stat", "utf8");
    // The name in brackets may hold spaces; user and system time are the 12th field behind it on.
    const own = self.slice(self.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number);
    const sum = (ticks: number[]) => ticks.reduce((a, b) => a + b) / TICKS;
    return { all: sum([user, nice, system, irq, softirq, steal]), own: sum(own) };
  } catch {
    return undefined;
  }
}
