/**
 * Every tfjs kernel that can be traced, by its name in tfjs.
 *
 * @module
 */

import type { Kernels } from "../traced.ts";
import { pairwise } from "./binary.ts";
import { elementwise } from "./elementwise.ts";
import { indexed } from "./gather.ts";
import { linearAlgebra } from "./linear.ts";
import { reductions } from "./reduce.ts";
import { shape } from "./shape.ts";

/** All kernels; a kernel of a new family is a line here. */
export const kernels: Kernels = {
  ...elementwise,
  ...pairwise,
  ...shape,
  ...reductions,
  ...linearAlgebra,
  ...indexed,
};
