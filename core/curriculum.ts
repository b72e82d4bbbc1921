/**
 * Gene-incremental learning in a permutation and its cut points: base genes first, then the genes
 * of each stage; so a stage is a pair of integers and visibility is a comparison.
 *
 * @module
 */

/** What a stage shows: base genes, and genes whose rank lies in `from … to - 1`. */
export interface Stage {
  /** 0 is the base stage, which shows base genes only. */
  readonly index: number;
  /** Name of the gene set that arrives; "base" for stage 0. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Which cells belong where: every cell of the atlas to one part. */
export interface Partition {
  /** Stage index of the cell, `HELD_OUT` or `UNUSED`. */
  part(cell: number): number;
  /** Number of cells in a stage, in `HELD_OUT` or in `UNUSED`. */
  size(part: number): number;
}

/** The part of cells that no stage trains on and models are judged on. */
export const HELD_OUT = -1;

/** The part of cells that are neither trained on nor held out: those that a listed split leaves out. */
export const UNUSED = -2;

/** The whole schedule of genes and cells. */
export interface Curriculum {
  /** Position of each vocabulary id in the order of arrival; base genes have ranks below `base`. */
  readonly rank: Uint32Array;
  /** Number of base genes. */
  readonly base: number;
  /** Stage 0 and one stage a gene set, in order. */
  readonly stages: readonly Stage[];
  readonly partition: Partition;
}

/** A range of ranks shown beside the base genes. */
export type View = Pick<Stage, "from" | "to">;

/** Whether the gene at `rank` is shown: a base gene, or one within the view. */
export function isVisible(rank: number, base: number, view: View): boolean {
  return rank < base || (rank >= view.from && rank < view.to);
}

/** 1 at each vocabulary id that a view shows. */
export function shownBy({ rank, base }: Pick<Curriculum, "rank" | "base">, view: View): Uint8Array {
  const shown = new Uint8Array(rank.length);
  for (let gene = 0; gene < rank.length; gene++) {
    if (isVisible(rank[gene], base, view)) shown[gene] = 1;
  }
  return shown;
}

/** The view of everything that has arrived by `stage`: base genes and all stage genes so far. */
export const seenBy = (curriculum: Curriculum, stage: number): View => ({
  from: curriculum.base,
  to: curriculum.stages[stage].to,
});

/**
 * Builds the order of arrival from the genes of each set.
 *
 * @param genes Size of the vocabulary.
 * @param sets Name and vocabulary ids of each stage's genes, in order; all other genes are base.
 */
export function arrange(
  genes: number,
  sets: readonly { readonly name: string; readonly genes: ArrayLike<number> }[],
): Pick<Curriculum, "rank" | "base" | "stages"> {
  const rank = new Uint32Array(genes).fill(0xFFFFFFFF);
  const count = sets.reduce((sum, set) => sum + set.genes.length, 0);
  const base = genes - count;
  const stages: Stage[] = [{ index: 0, name: "base", from: base, to: base }];
  let next = base;
  for (const set of sets) {
    const from = next;
    for (let i = 0; i < set.genes.length; i++) {
      const gene = set.genes[i];
      if (gene >= genes || rank[gene] !== 0xFFFFFFFF) {
        throw new RangeError(`Cannot place gene ${gene}: it is unknown or placed twice`);
      }
      rank[gene] = next++;
    }
    stages.push({ index: stages.length, name: set.name, from, to: next });
  }
  for (let gene = 0, first = 0; gene < genes; gene++) {
    if (rank[gene] === 0xFFFFFFFF) rank[gene] = first++;
  }
  return { rank, base, stages };
}

/** What a curriculum may look at before it decides. */
export interface Survey {
  readonly symbols: readonly string[];
  /** Cells in the atlas. */
  readonly cells: number;
  /** So many neighbours are read at once, and are strangers to each other; see `Source`. */
  readonly grain?: number;
  /** Names of the gene sets, in stage order. */
  readonly sets: readonly string[];
  /** Sum of the transformed values of each gene over the cells of each set, set by set. */
  readonly sums: () => Promise<readonly Float64Array[]>;
}
