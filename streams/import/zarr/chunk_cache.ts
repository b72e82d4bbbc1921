/**
 * The chunks that were unpacked last.
 *
 * @module
 */

/** Chunks by name. */
export interface ChunkCache<A> {
  /** The chunk of a name, made when it is not there; `bytes` is what it costs. */
  get(name: string, bytes: number, make: () => Promise<A>): Promise<A>;
  /** Lets go of a chunk, if it is there. */
  forget(name: string): void;
}

/** Keeps what was used last, as far as it costs at most `most` bytes together; at least one chunk. */
export function chunkCache<A>(most: number): ChunkCache<A> {
  const kept = new Map<string, { readonly bytes: number; readonly chunk: A }>();
  let held = 0;
  function forget(name: string): void {
    held -= kept.get(name)?.bytes ?? 0;
    kept.delete(name);
  }
  return {
    forget,
    async get(name, bytes, make) {
      const found = kept.get(name);
      if (found !== undefined) {
        // What was used last stands last.
        kept.delete(name);
        kept.set(name, found);
        return found.chunk;
      }
      for (const oldest of kept.keys()) {
        if (held + bytes <= most) break;
        forget(oldest);
      }
      const chunk = await make();
      kept.set(name, { bytes, chunk });
      held += bytes;
      return chunk;
    },
  };
}
