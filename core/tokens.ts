/**
 * What a model reads: cells as rows of tokens, all of one length.
 *
 * @module
 */

/** The value that stands at masked positions. */
export const MASK_VALUE = -1;

/** Rows of the gene table behind the genes themselves: padding, cell token, and the reference's unused third. */
export const SPECIAL_TOKENS = 3;

/** Id of the padding token in a vocabulary of `genes` genes. */
export const padId = (genes: number): number => genes;

/** Id of the cell token, which stands at position 0 of every row. */
export const clsId = (genes: number): number => genes + 1;

/** Cells × positions, row-major; position 0 is the cell token, padding stands at the end. */
export interface TokenBatch {
  /** Row of each cell in its atlas. */
  readonly cells: Uint32Array;
  /** Positions in a row, the cell token included. */
  readonly length: number;
  /** Token ids, cells × length. */
  readonly genes: Int32Array;
  /** Values as the model may see them: `MASK_VALUE` where masked, 0 at the cell token and padding. */
  readonly input: Float32Array;
  /** True values; 0 at the cell token and padding. */
  readonly target: Float32Array;
  /** 1 at padding. */
  readonly padding: Uint8Array;
  /** 1 where the value is to be predicted. */
  readonly masked: Uint8Array;
  /** Category codes of the cells, as in the `CellBatch` they come from. */
  readonly obs: Readonly<Record<string, Int32Array>>;
}

/** Rows of padding alone, to be filled; `genes` is the size of the vocabulary. */
export function paddingRows(
  cells: Uint32Array,
  { length, genes }: { readonly length: number; readonly genes: number },
): TokenBatch {
  const size = cells.length * length;
  return {
    cells,
    length,
    genes: new Int32Array(size).fill(padId(genes)),
    input: new Float32Array(size),
    target: new Float32Array(size),
    padding: new Uint8Array(size).fill(1),
    masked: new Uint8Array(size),
    obs: {},
  };
}
