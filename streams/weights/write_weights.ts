/**
 * Weights to a file that other programs read.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import { encodeTensors } from "../../core/model/safetensors.ts";
import { attempt } from "../attempt.ts";
import type { Found } from "./find_weights.ts";
import { writeWhole } from "../write_whole.ts";

/** Writes weights, under the names that they have, as a new safetensors file. */
export const writeWeights = (path: string, { tensors, metadata, names }: Found) =>
  attempt(`Cannot write weights "${path}"`, () => {
    if (existsSync(path)) {
      throw new InputError({
        message: `Cannot write weights "${path}": it exists already; name another file`,
      });
    }
    writeWhole(path, encodeTensors({ tensors, metadata: { ...metadata, names } }));
  });
