import { engineLaws } from "./laws/engine_laws.ts";
import { parityLaws } from "./laws/parity_laws.ts";
import { withNative } from "./native_opened.ts";
import { smallArchitectures } from "./small_architectures.ts";

await withNative((open) => {
  const options = { architectures: smallArchitectures };
  for (const [name, threads] of [["native", 2], ["native of one thread", 1]] as const) {
    engineLaws(name, () => Promise.resolve(open(threads)));
    parityLaws(name, () => Promise.resolve(open(threads)), options);
  }
});
