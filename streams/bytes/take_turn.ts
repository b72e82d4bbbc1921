/**
 * At most so many requests at once to one host.
 *
 * @module
 */

interface Host {
  busy: number;
  readonly waiting: (() => void)[];
}

/** The hosts that this thread is talking to. */
const hosts = new Map<string, Host>();

/**
 * Waits until fewer than `atOnce` others have a turn at the host; first come, first served. Whoever has
 * a turn gives it back by the function that comes out.
 *
 * @throws What `signal` was aborted with.
 */
export async function takeTurn(
  name: string,
  atOnce: number,
  signal: AbortSignal,
): Promise<() => void> {
  const host = hosts.get(name) ?? { busy: 0, waiting: [] };
  hosts.set(name, host);
  if (host.busy < atOnce && host.waiting.length === 0) host.busy++;
  else await turnOf(host, signal);
  return () => {
    const next = host.waiting.shift();
    // The turn goes from hand to hand, so that nobody who comes later takes it in between.
    if (next) next();
    else if (--host.busy === 0) hosts.delete(name);
  };
}

function turnOf(host: Host, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    function go(): void {
      signal.removeEventListener("abort", leave);
      resolve();
    }
    function leave(): void {
      host.waiting.splice(host.waiting.indexOf(go), 1);
      reject(signal.reason);
    }
    host.waiting.push(go);
    signal.addEventListener("abort", leave, { once: true });
  });
}
