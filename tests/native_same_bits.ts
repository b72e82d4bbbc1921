/**
 * Random programs, and whole steps of every architecture, on two engines that must not differ.
 *
 * @module
 */

import fc from "fast-check";
import type { Engine } from "../core/model/program.ts";
import { keyOf } from "../core/random.ts";
import { rehearse } from "../streams/engine/rehearsal.ts";
import { assertSame } from "./first_difference.ts";
import { begin, type Example, examples, KEY } from "./laws/engine_examples.ts";
import { smallArchitectures } from "./small_architectures.ts";

/** Opens an engine. */
type Open = () => Engine;

/** Laws by what is run; each draws so many programs, but for architectures, of which each is one. */
export function sameBits(
  one: Open,
  other: Open,
): Readonly<Record<string, (numRuns: number) => Promise<void>>> {
  const onBoth = async (run: (engine: Engine) => Promise<unknown>): Promise<void> => {
    const [actual, expected] = [await onOne(one(), run), await onOne(other(), run)];
    assertSame(actual, expected);
  };
  const topics = Object.entries(examples).map(([topic, arbitrary]) => {
    const law = (numRuns: number) =>
      fc.assert(
        fc.asyncProperty(arbitrary, (example) => onBoth((engine) => ran(engine, example))),
        { numRuns },
      );
    return [topic, law] as const;
  });
  const shape = { genes: 30, length: 8 };
  const architectures = Object.entries(smallArchitectures).map(([id, build]) => {
    const part = { architecture: build(shape), shape, cells: 3, key: keyOf(1) };
    return [id, () => onBoth((engine) => rehearse(engine, part, 2))] as const;
  });
  return Object.fromEntries([...topics, ...architectures]);
}

async function onOne(engine: Engine, run: (engine: Engine) => Promise<unknown>): Promise<unknown> {
  try {
    return await run(engine);
  } finally {
    await engine.close();
  }
}

/** Numbers that come out, and gradients. */
async function ran(engine: Engine, example: Example): Promise<unknown> {
  const { state, compiled } = await begin(engine, example);
  const outputs = Object.entries(await compiled.run(state, example.feeds, KEY))
    .filter(([, values]) => values instanceof Float32Array)
    .map(([name, values]) => [name, values.slice()] as const);
  return { ...Object.fromEntries(outputs), gradients: await state.read("gradients") };
}
