/**
 * Bytes that can be read anywhere: a file, or what lies at an address.
 *
 * @module
 */

/** Opened bytes; whoever opened them closes them. */
export interface ByteSource {
  /** Path or address, for messages. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** Another word whenever the bytes are others: what tells that they were replaced. */
  readonly version: string;
  /**
   * Fills `into` with the bytes from `from` on; several reads may go on at once.
   *
   * @throws RangeError where they end early or were replaced since they were opened.
   */
  read(into: Uint8Array, from: number): Promise<void>;
  close(): Promise<void>;
}

/** Bytes `from … to - 1`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}
