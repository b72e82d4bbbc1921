/**
 * What decode workers are told, and what they tell.
 *
 * @module
 */

import type { Damage, Fault, ReaderSettings } from "../staging/reader_settings.ts";
import type { Part, Task } from "../staging/window_reader.ts";

/** What a worker begins with. */
export interface Beginning {
  readonly settings: ReaderSettings;
  /** Shared: where the worker notes what it is working on; see `NOTE`. */
  readonly note: SharedArrayBuffer;
}

/** What a worker is told; buffers are transferred. */
export type Order =
  | { readonly kind: "read"; readonly task: Task }
  | { readonly kind: "give back"; readonly buffer: ArrayBuffer };

/** What a worker tells; the parts of a window, then its end. */
export type Answer =
  | { readonly kind: "part"; readonly part: Part }
  | { readonly kind: "end"; readonly damages: readonly Damage[] }
  | { readonly kind: "fault"; readonly fault: Fault };
