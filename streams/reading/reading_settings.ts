/**
 * How cells are read, as sources are configured: what changes no cell and no order.
 *
 * @module
 */

import { Schema } from "effect";
import { setting } from "../../core/plugin.ts";
import { Count } from "../../core/quantities.ts";
import { MEMORY } from "../atlas/open_atlas.ts";

/** The settings of a source that reads `what`: workers, memory, and what becomes of damage. */
export const readingSettings = (what: string) => ({
  workers: setting(
    Schema.NullOr(Count),
    null,
    `workers that decode; null for what suits the ${what} and the machine, 0 for none`,
  ),
  memory: setting(Schema.NonEmptyString, MEMORY, "what reading may hold in memory"),
  onDamage: setting(
    Schema.Literals(["fail", "skip"]),
    "fail",
    "what becomes of a run that meets cells that cannot be read: it ends, or goes on without them",
  ),
});
