import { map } from "rxjs";
import { mapValues } from "../../core/batch.ts";
import { transform } from "../../core/plugin.ts";

/** Replaces each value `v` with `log(1 + v)`, natural logarithm. */
export const log1p = transform({
  id: "log1p",
  purpose: "replaces each value v with log(1 + v)",
  config: {},
  takes: "counts",
  gives: "log1p",
  make: () => map((batch) => mapValues(batch, Math.log1p)),
});
