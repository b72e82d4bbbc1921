import assert from "node:assert/strict";
import { join } from "node:path";
import type { RunEvent } from "../core/events.ts";
import type { Bookmark } from "../streams/checkpoint/bookmark.ts";
import { experimentOf, live, withQuickFolder } from "./resume_lives.ts";

const experiment = experimentOf({
  methods: { baseline: {}, replay: { replay: { use: "reservoir", cells: 5 } } },
  training: { batch: 6, epochs: [2, 1], rate: 0.01, warmup: 3 },
});
const smallBatches = {
  ...experiment,
  training: { ...experiment.training, batch: 3 },
};
/** Never within a stage: what is kept there was asked for. */
const every = { steps: 1000 };

/** The event that ends a training, or one of its steps. */
const trained = ({ type }: RunEvent) => type === "step" || type === "saved";

for (const how of ["stop", "interrupt"] as const) {
  Deno.test(`runExperiment() keeps the present step when it is told to ${how} after any event`, () =>
    withQuickFolder(async (folder) => {
      let told: RunEvent[] = [], kept: Bookmark | undefined, lives = 0, steps = 0, history = 0;
      const life = {
        experiment,
        every,
        listen: (event: RunEvent) => void told.push(event),
        kept: (bookmark: Bookmark) => void (kept = bookmark),
      };
      for (let over = false; !over; lives++) {
        const before = told.length;
        told = [];
        const ended = await live(folder, { ...life, end: { how, call: before + 4 } });
        over = ended === "finished";
        assert.ok(over || told.length > before, "it makes no way");
        const own = told.filter((event) => "seed" in event || event.type === "score");
        if (trained(own.at(-1)!)) assert.equal(kept?.events, own.length);
        steps = told.filter(({ type }) => type === "step").length;
        const resumed = told.findIndex(({ type }) => type === "resumed");
        assert.equal(resumed, lives === 0 ? -1 : history, "it is told where the new begins");
        // How it started, and what the bookmark counts.
        history = 1 + (kept?.events ?? 0);
      }
      assert.ok(lives > 5 && steps > 15, `${lives} lives, ${steps} steps`);
    }));
}

Deno.test("runExperiment() leaves a judgement, or a memory's reading, at once when it is stopped", () =>
  withQuickFolder(async (above) => {
    for (const at of ["add", "remember"] as const) {
      const folder = join(above, at);
      let calls = 0;
      const called = (operator: string) => void (calls += operator === at ? 1 : 0);
      const end = { at, call: 0, how: "stops" } as const;
      assert.equal(await live(folder, { experiment: smallBatches, every, end, called }), "stopped");
      assert.equal(calls, 1, `${calls} calls of ${at}`);
      assert.equal(await live(folder, { experiment: smallBatches, every, called }), "finished");
      assert.ok(calls > 3, "there is nothing to leave");
    }
  }));
