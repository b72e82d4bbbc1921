/**
 * What a program that reads is asked for and answers, in whatever language it is written.
 *
 * It is started as `peer.ts` of the other bench says, reads its first batch, and greets. A number of
 * seconds on its standard input makes it read on for about that long; while nobody asks, it sleeps.
 *
 * @module
 */

/** How a program reads. */
export interface ReadingRequest {
  /** Cells of a batch. */
  readonly batch: number;
  /** Cells of an epoch. */
  readonly cells: number;
  /** Column whose entropy in a batch is looked at. */
  readonly label: string;
  /** Cells between two times that the program fills its memory: it is measured over whole ones. */
  readonly burst: number;
  /**
   * Cells of an epoch whose work is done when the first batch comes. They do not count, nor does the
   * time until then, which is a figure of its own. Where none are told, all that counts.
   */
  readonly fill: number;
  /** Seconds that the consumer spends on a batch. */
  readonly pause: number;
  /**
   * "on": from epoch to epoch, without a pause between what was read before and what counts.
   * "anew": each time from the beginning of an epoch, to its end at the latest.
   */
  readonly go: "on" | "anew";
}

/** What a program says when it has read its first batch. */
export interface ReadingGreeting {
  /** What it is, with the versions of what it uses. */
  readonly name: string;
  /** Seconds from nothing but imports to the first batch. */
  readonly first: number;
}

/** What a program says about what it has read. */
export interface ReadingAnswer {
  readonly cells: number;
  readonly entries: number;
  readonly seconds: number;
  /** Seconds of processor time, of all threads. */
  readonly cpu: number;
  /** Bytes that came from the disk and not from the page cache. */
  readonly disk: number;
  /** Most bytes ever in memory. */
  readonly peak: number;
  /** Milliseconds that the consumer waited for a batch: the median, and the most. */
  readonly waits: readonly [median: number, most: number];
  /** Batches that were looked at, each in the order of its cells; they are not among those measured. */
  readonly seen: readonly SeenBatch[];
}

/** The cells of a batch. */
export interface SeenBatch {
  /** The category of each cell. */
  readonly labels: readonly string[];
  /** Entries of each cell. */
  readonly entries: readonly number[];
  /** Sum of the counts of each cell. */
  readonly sums: readonly number[];
}
