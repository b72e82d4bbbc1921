import { Effect } from "effect";
import { ExperimentError } from "../../core/errors.ts";
import { resolveDuplicates, topGenes } from "../../core/important_genes.ts";
import { curriculum, setting } from "../../core/plugin.ts";
import { Count, Positive } from "../../core/quantities.ts";
import { dealSettings, dealtPartition, schedule, surveySums } from "../../core/schedule.ts";

/**
 * The published curriculum: the genes of a stage are those with the largest sums over the cells of
 * its data set, a gene that stands for several sets is given to one or to none, and all other genes
 * are base genes. Cells are dealt at random, whichever data set they come from.
 */
export const importantGenes = curriculum({
  id: "important-genes",
  purpose: "gives each stage the genes that its data set expresses most",
  config: {
    top: setting(Positive, 150, "candidate genes of each set, by sum over its cells"),
    clearRank: setting(
      Count,
      20,
      "a gene ranked before this (from 0) in one set alone belongs to that set; in two, to none",
    ),
    lastRank: setting(
      Count,
      100,
      "a gene of several sets, in none ranked up to this, belongs to none; " +
        "else to the first set that ranks it from clearRank to here",
    ),
    ...dealSettings,
  },
  make: ({ top, ...config }) =>
    Effect.fnUntraced(function* (survey) {
      if (config.clearRank > config.lastRank) {
        return yield* new ExperimentError({
          message: `Cannot use clearRank ${config.clearRank} in curriculum "important-genes": ` +
            `it is past lastRank ${config.lastRank}; make it smaller`,
        });
      }
      const sums = yield* surveySums(survey);
      const candidates = sums.map((sum) => topGenes(sum, top));
      const lists = resolveDuplicates(candidates, config);
      for (const [i, name] of survey.sets.entries()) {
        if (lists[i].length > 0) continue;
        const why = candidates[i].length === 0
          ? "none of its cells expresses a gene; check which cells the set names"
          : `other sets have each of its ${candidates[i].length} candidates too; raise "top" ` +
            `or "lastRank"`;
        return yield* new ExperimentError({
          message: `Cannot choose genes for set "${name}": ${why}`,
        });
      }
      const sets = survey.sets.map((name, i) => ({ name, genes: lists[i] }));
      return yield* schedule(sets, dealtPartition(survey, config), {
        symbols: survey.symbols,
        sums,
      });
    }),
});
