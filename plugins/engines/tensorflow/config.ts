/**
 * A ConfigProto (tensorflow/core/protobuf/config.proto) in the bytes of protocol buffers.
 *
 * @module
 */

import { bytesOf } from "./text.ts";

/** What a context is made with. */
export interface ContextConfig {
  /** Whether it may take a GPU. */
  readonly gpu: boolean;
  /** Threads of the processor that one operation may use. */
  readonly threads: number;
}

/** Numbers of the fields that are set. */
const DEVICE_COUNT = 1, INTRA_OP_THREADS = 2, INTER_OP_THREADS = 5, GPU_OPTIONS = 6;
const ALLOW_GROWTH = 4;

/** Encodes the configuration of a context, whose memory on a GPU grows as it is needed. */
export function encodeConfig({ gpu, threads }: ContextConfig): Uint8Array<ArrayBuffer> {
  const noGpu = [...message(1, bytesOf("GPU")), ...number(2, 0)];
  return Uint8Array.from([
    ...(gpu ? [] : message(DEVICE_COUNT, noGpu)),
    ...number(INTRA_OP_THREADS, threads),
    // Eager operations wait for each other in any case.
    ...number(INTER_OP_THREADS, 1),
    ...message(GPU_OPTIONS, number(ALLOW_GROWTH, 1)),
  ]);
}

const number = (field: number, value: number): number[] => [field << 3, ...varint(value)];

const message = (field: number, content: ArrayLike<number>): number[] => [
  field << 3 | 2,
  ...varint(content.length),
  ...Array.from(content),
];

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
function varint(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)];
}
