import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Effect, Exit, Fiber, Schema } from "effect";
import type { RunEvent } from "../core/events.ts";
import { required, source } from "../core/plugin.ts";
import type { Registry } from "../core/registry.ts";
import { runExperiment } from "../streams/experiment/run_experiment.ts";
import { heldBy } from "../streams/run_folder/held.ts";
import { openRunFolder } from "../streams/run_folder/run_folder.ts";
import { assertSame } from "./first_difference.ts";
import { memorySource } from "./memory_source.ts";
import { experimentOf, leftIn, registry, withQuickFolder } from "./resume_lives.ts";
import { soon } from "./soon.ts";

const experiment = experimentOf({
  architecture: { use: "mlp", layers: 1, width: 4, embedding: 4 },
  training: { batch: 6, epochs: [2, 1], rate: 0.01, warmup: 3 },
  engine: { use: "cpu" },
});

/** The source of the experiment, which never gives a batch of a reading that trains. */
function hanging({ reading, batch }: { readonly reading: number; readonly batch: number }) {
  const asked = Promise.withResolvers<void>();
  const memory = source({
    id: "memory",
    purpose: "hangs",
    config: {
      cells: required(Schema.Int, "number of cells"),
      genes: required(Schema.Int, "number of genes"),
    },
    make: (config) => {
      const cells = memorySource(config);
      let readings = 0;
      return Effect.succeed({
        ...cells,
        async *read(request) {
          const own = request.order === "stored" ? -1 : readings++;
          let given = 0;
          for await (const cell of cells.read(request)) {
            if (own === reading && given++ === batch) {
              asked.resolve();
              await new Promise(() => {});
            }
            yield cell;
          }
        },
      });
    },
  });
  return { memory, asked: asked.promise };
}

/** Lives in a folder; what was told. */
async function live(
  folder: string,
  plugins: Registry,
  until?: Promise<void>,
): Promise<{ readonly told: readonly RunEvent[]; readonly exit: Exit.Exit<void, unknown> }> {
  const told: RunEvent[] = [], expects = Effect.runSync(heldBy(folder)) as "nothing";
  const fiber = Effect.runFork(Effect.scoped(runExperiment(experiment, plugins, {
    listeners: [(event) => void told.push(event)],
    keep: (opened) =>
      openRunFolder(folder, opened, { every: { steps: 99 }, versions: {}, expects }),
  })));
  // As somebody does who has waited long enough: once, when the last step is over.
  void until?.then(() => setTimeout(50)).then(() => fiber.interruptUnsafe());
  return { exit: await soon(Effect.runPromise(Fiber.await(fiber))), told };
}

const stepsOf = (told: readonly RunEvent[]) => told.filter(({ type }) => type === "step");

for (
  const [where, at] of [
    ["in the middle of a stage", { reading: 0, batch: 4 }],
    ["in its second epoch", { reading: 1, batch: 0 }],
    ["at the beginning of a stage", { reading: 2, batch: 0 }],
  ] as const
) {
  Deno.test(`runExperiment() that waits for a source that never answers, ${where}, stops at once and loses nothing`, () =>
    withQuickFolder(async (above) => {
      const folder = join(above, "run"), undisturbed = join(above, "undisturbed");
      const { memory, asked } = hanging(at);
      const first = await live(folder, { ...registry, memory }, asked);
      assert.ok(Exit.hasInterrupts(first.exit), `${first.exit}`);
      const steps = stepsOf(first.told);
      assert.ok(steps.length > 3);

      const second = await live(folder, registry);
      assert.ok(Exit.isSuccess(second.exit), `${second.exit}`);
      const resumed = second.told.findIndex(({ type }) => type === "resumed");
      assertSame(stepsOf(second.told.slice(0, resumed)), steps);
      await live(undisturbed, registry);
      assertSame(leftIn(folder), leftIn(undisturbed));
    }));
}
