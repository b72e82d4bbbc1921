/**
 * A worker for code that may die or never end: whatever becomes of it, whoever asked hears of it, and
 * the next question starts another one.
 *
 * @module
 */

import { SHARE_ENV, Worker } from "node:worker_threads";

/** How one question is seen through. */
export interface Conversation<Ask, Tell, A> {
  readonly question: Ask;
  /** Milliseconds without a word from the worker after which it counts as hanging. */
  readonly patience: number;
  /** What comes of a word of the worker: the answer, or something to be told in return. */
  readonly hear: (word: Tell) => Promise<{ readonly answer: A } | { readonly reply: Ask }>;
}

/** A worker that answers one question after another. */
export interface Supervised<Ask, Tell> {
  /**
   * Asks. After a question without an answer the worker is ended, and the next one goes to another; but
   * once a worker hangs none is started again, as the runtime cannot stop a thread that never looks up:
   * it is left behind, and another would be left beside it.
   *
   * @throws RangeError when the worker dies, hangs or is ended first; and what `hear` throws.
   */
  ask<A>(conversation: Conversation<Ask, Tell, A>): Promise<A>;
  /** Ends the worker, and gives its memory back; another question starts another worker. */
  end(): void;
}

/** The worker that runs `module`; it starts when it is first asked, and lets the process end. */
export function supervised<Ask, Tell>(module: URL): Supervised<Ask, Tell> {
  let worker: Worker | undefined, last: Promise<unknown> = Promise.resolve();
  let abandon: ((why: string) => void) | undefined, hangs: RangeError | undefined;

  function end(): void {
    void worker?.terminate();
    worker = undefined;
    abandon?.("its reader was ended");
  }
  function converse<A>({ question, patience, hear }: Conversation<Ask, Tell, A>): Promise<A> {
    if (hangs) throw hangs;
    // A copy of the environment would need leave to read all of it: Deno would ask on a terminal.
    const current = worker ??= new Worker(module, { env: SHARE_ENV });
    const { promise, resolve, reject } = Promise.withResolvers<A>();
    let watch: ReturnType<typeof setTimeout> | undefined;
    function fail(cause: unknown): void {
      reject(cause);
      if (worker !== current) return;
      void current.terminate();
      worker = undefined;
    }
    function wait(): void {
      clearTimeout(watch);
      watch = setTimeout(() => {
        fail(hangs = new RangeError(`its reader was silent for ${patience / 1000} s`));
      }, patience);
    }
    const dead = (cause: unknown) =>
      fail(new RangeError(`its reader died: ${cause instanceof Error ? cause.message : cause}`));
    async function listen(word: Tell): Promise<void> {
      clearTimeout(watch);
      try {
        const heard = await hear(word);
        if (worker !== current) return;
        if ("answer" in heard) return resolve(heard.answer);
        wait();
        current.postMessage(heard.reply);
      } catch (cause) {
        fail(cause);
      }
    }
    abandon = (why) => reject(new RangeError(why));
    current.ref();
    current.removeAllListeners();
    current.on("message", listen).on("error", dead).on("messageerror", dead);
    wait();
    current.postMessage(question);
    return promise.finally(() => {
      clearTimeout(watch);
      abandon = undefined;
      current.removeAllListeners();
      // A worker that dies after its last word is nobody's business.
      current.on("error", () => worker === current && end());
      current.unref();
    });
  }
  return {
    ask(conversation) {
      const turn = last.then(() => converse(conversation));
      last = turn.catch(() => undefined);
      return turn;
    },
    end,
  };
}
