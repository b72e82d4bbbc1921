/**
 * What decode workers are told, and what they tell.
 *
 * @module
 */

import type { Damage, Fault, ReaderSettings } from "../staging/reader_settings.ts";
import type { Part, Task } from "../staging/window_reader.ts";

/** What a worker is told: how a pass begins, what to read, and that all is read. Buffers are transferred. */
export type Order =
  | {
    readonly kind: "begin";
    readonly settings: ReaderSettings;
    /** Shared: where the worker notes what it is working on; see `NOTE`. */
    readonly note: SharedArrayBuffer;
  }
  | { readonly kind: "read"; readonly task: Task }
  | { readonly kind: "give back"; readonly buffers: readonly ArrayBuffer[] }
  /** It closes its files and frees its memory; another pass may begin. */
  | { readonly kind: "rest" };

/** What a worker tells: the parts of a window, several in a message, then its end. */
export type Answer =
  | { readonly kind: "parts"; readonly parts: readonly Part[] }
  | { readonly kind: "end"; readonly damages: readonly Damage[] }
  | { readonly kind: "fault"; readonly fault: Fault };

/** A message on its way. */
export type Sealed<A> = ReadonlySet<A>;

/**
 * Seals what is told into a set: Deno looks for ports in all that it can see of a message, number by
 * number of its arrays, which takes longer than to send them; it does not look into sets.
 */
export const seal = <A extends Order | Answer>(told: A): Sealed<A> => new Set([told]);

/** What was sealed. */
export const unseal = <A>([told]: Sealed<A>): A => told;
