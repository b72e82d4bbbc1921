/**
 * Every architecture in the box, small.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Architecture, Shape } from "../core/model/architecture.ts";
import type { Plugin } from "../core/plugin.ts";
import { pluginsOf } from "../core/registry.ts";
import * as box from "../plugins/mod.ts";

/** Settings that more than one architecture has. */
const SMALL: Readonly<Record<string, unknown>> = {
  layers: 2,
  width: 8,
  heads: 2,
  embedding: 6,
  dropout: 0.2,
};

/** Builders by id; a plugin that is added to the box is here. */
export const smallArchitectures: Readonly<Record<string, (shape: Shape) => Architecture>> = Object
  .fromEntries(
    pluginsOf(box).filter(({ kind }) => kind === "architecture").map((plugin) => {
      const { id, config } = plugin;
      const own = Object.entries(SMALL).filter(([name]) => name in config.fields);
      return [id, (plugin as unknown as Plugin<"architecture">)(Object.fromEntries(own) as never)];
    }),
  );
assert.ok(Object.keys(smallArchitectures).length > 0);
