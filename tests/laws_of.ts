/**
 * The laws that a suite registers, to be run one by one: for tests of the laws themselves.
 *
 * @module
 */

/** What `register` registers as tests, by name; nothing is run, and no test runner hears of it. */
export function lawsOf(register: () => void): ReadonlyMap<string, () => unknown> {
  const laws = new Map<string, () => unknown>(), { test } = Deno;
  function note(law: string | { name: string; fn: () => unknown }, check?: () => unknown): void {
    if (typeof law === "string") laws.set(law, check!);
    else laws.set(law.name, law.fn);
  }
  try {
    Object.defineProperty(Deno, "test", { value: note });
    register();
  } finally {
    Object.defineProperty(Deno, "test", { value: test });
  }
  return laws;
}
