/**
 * A worker that answers, dies, says nothing or asks in return, as it is told.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";

parentPort!.on("message", (word: string) => {
  switch (word) {
    case "die":
      throw new Error("of old age");
    case "reject":
      void Promise.reject(new Error("of grief"));
      return;
    case "hang":
      return;
    default:
      parentPort!.postMessage(word);
  }
});
