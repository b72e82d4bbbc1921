/**
 * Every tfjs kernel that can be traced, by its name in tfjs.
 *
 * @module
 */

import type { Kernels } from "../traced.ts";
import { pairwise } from "./binary.ts";
import { blocks } from "./blocks.ts";
import { channelConvolutions } from "./channel_convolution.ts";
import { convolutions } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { indexed } from "./gather.ts";
import { linearAlgebra } from "./linear.ts";
import { normalisations } from "./normalise.ts";
import { pools } from "./pool.ts";
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
  ...convolutions,
  ...channelConvolutions,
  ...pools,
  ...blocks,
  ...normalisations,
};
