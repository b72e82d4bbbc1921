import {
  askedSets,
  classifying,
  type Gathered,
  inOrder,
  splitCells,
} from "../../core/labelled_cells.ts";
import { nearestNeighbours } from "../../core/nearest_neighbours.ts";
import { evaluator, setting } from "../../core/plugin.ts";
import { Positive, ProperShare } from "../../core/quantities.ts";

/**
 * Classification by nearest neighbours, the other reading of embeddings in the benchmark (Single-cell
 * benchmark, AAAI 2025): each test cell gets the class of most of its 10 nearest neighbours among the
 * others, by Euclidean distance. Nothing is trained, so that what is measured is how the model itself
 * places the cells of the asked set's data set.
 */
export const neighbourClassification = evaluator({
  id: "neighbour-classification",
  purpose: "measures how often labelled cells lie among cells of their class",
  config: {
    trials: setting(Positive, 3, "splits of the cells, with genes drawn afresh"),
    neighbours: setting(Positive, 10, "neighbours that vote on the class of a cell"),
    trainShare: setting(
      ProperShare,
      0.7,
      "share of the cells that are neighbours; the others are tested",
    ),
    asks: askedSets,
  },
  make: ({ trials, neighbours, trainShare, asks }) => ({
    ...classifying,
    name: neighbours === 10
      ? "nearest-neighbour accuracy"
      : `nearest-neighbour accuracy (${neighbours})`,
    asks,
    trials,
    trainShare,
    value(state: Gathered, { key }) {
      const data = inOrder(state), parts = splitCells(data, trainShare, key);
      if (parts === undefined) return NaN;
      const classOf = nearestNeighbours(data, parts.train, neighbours);
      const right = parts.test.filter((row) => classOf(row) === data.labels[row]);
      return right.length / parts.test.length;
    },
  }),
});
