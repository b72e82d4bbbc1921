/** Every plugin in the box, in the order in which a batch meets them. @module */
export { log1p } from "./transforms/log1p.ts";
