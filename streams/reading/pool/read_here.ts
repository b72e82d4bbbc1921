/**
 * Reading in this thread.
 *
 * @module
 */

import { batchIn } from "../staging/batch_buffer.ts";
import { faultOf, makeNote, NOTE } from "../staging/reader_settings.ts";
import { type Part, windowReader } from "../staging/window_reader.ts";
import { type LentPart, type Parts, type Reading, taskOf } from "./parts.ts";

/** The parts of a plan, each read when it is asked for. */
export function readHere(reading: Reading): Parts {
  const { settings, plan, start, onDamages, failure } = reading;
  const note = makeNote(new ArrayBuffer(4 * NOTE.length)),
    reader = windowReader(settings, { note, together: 0 });
  let window = start.window, closed = false;
  let parts: ReturnType<typeof reader.read> | undefined;

  return {
    async next() {
      try {
        for (;;) {
          if (parts === undefined) {
            if (window === plan.windows || closed) return undefined;
            // A turn of the event loop between windows, so that somebody may say stop.
            await new Promise((resolve) => setImmediate(resolve));
            parts = reader.read(taskOf(reading, window++));
          }
          const { done, value } = await parts.next();
          if (!done) return lend(value[0]);
          if (value.length > 0) onDamages(value);
          parts = undefined;
        }
      } catch (cause) {
        throw failure(faultOf(cause), { shard: note[NOTE.shard], group: note[NOTE.group] });
      }
    },
    async close() {
      closed = true;
      await reader.close();
    },
  };

  function lend({ buffer, shape, lost }: Part): LentPart {
    return {
      cells: batchIn(buffer, shape),
      lost,
      // Moved, so that whoever kept the arrays finds them empty, as if they had gone to a worker.
      release: () => {
        if (!buffer.detached) reader.giveBack(buffer.transfer());
      },
    };
  }
}
