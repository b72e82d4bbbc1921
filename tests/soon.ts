/**
 * Waiting that a test fails of instead of hanging, or of ending unheard where nothing else is to come.
 *
 * @module
 */

/** The same, unless it takes so long that it never comes. */
export async function soon<A>(coming: Promise<A>): Promise<A> {
  const { promise, reject } = Promise.withResolvers<never>();
  const guard = setTimeout(() => reject(new Error("it waits for what never comes")), 60_000);
  try {
    return await Promise.race([coming, promise]);
  } finally {
    clearTimeout(guard);
  }
}
