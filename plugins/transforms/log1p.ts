import { map } from "rxjs";
import { mapValues } from "../../core/batch.ts";
import { transform } from "../../core/plugin.ts";

/** The logarithms of small counts, which most values are; looking one up takes a tenth of the time. */
const KNOWN = Float64Array.from({ length: 1024 }, (_, count) => Math.log1p(count));

/** Replaces each value `v` with `log(1 + v)`, natural logarithm. */
export const log1p = transform({
  id: "log1p",
  purpose: "replaces each value v with log(1 + v)",
  config: {},
  takes: "counts",
  gives: "log1p",
  make: () => map((batch) => mapValues(batch, logOf)),
});

function logOf(value: number): number {
  const count = value & (KNOWN.length - 1);
  return count === value ? KNOWN[count] : Math.log1p(value);
}
