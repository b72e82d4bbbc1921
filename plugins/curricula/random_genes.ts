import { Effect } from "effect";
import { deal } from "../../core/partition.ts";
import { permutation } from "../../core/permutation.ts";
import { curriculum, setting } from "../../core/plugin.ts";
import { Share } from "../../core/quantities.ts";
import { derive, keyOf } from "../../core/random.ts";
import { dealSettings, dealtPartition, schedule, surveySums } from "../../core/schedule.ts";

/** Deals genes as it deals cells: a share to the base, the rest equally to the stages, at random. */
export const randomGenes = curriculum({
  id: "random-genes",
  purpose: "deals the genes to the stages at random, after a share for the base",
  config: {
    baseGenes: setting(Share, 0.5, "share of the genes that every stage shows"),
    ...dealSettings,
  },
  make: ({ baseGenes, ...config }) =>
    Effect.fnUntraced(function* (survey) {
      const sums = yield* surveySums(survey);
      const { symbols } = survey;
      const order = permutation(symbols.length, derive(keyOf(config.seed), "genes"));
      const [base, ...sizes] = deal(symbols.length, baseGenes, survey.sets.length);
      let next = base;
      const sets = survey.sets.map((name, i) => ({
        name,
        genes: Array.from({ length: sizes[i] }, () => order.at(next++)),
      }));
      return yield* schedule(sets, dealtPartition(survey, config), { symbols, sums });
    }),
});
