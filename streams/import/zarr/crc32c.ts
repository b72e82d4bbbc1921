/**
 * The checksum of zarr's chunks and shard indexes.
 *
 * @module
 */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >>> 1 ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

/** CRC-32C of the bytes (Castagnoli's polynomial, RFC 3720). */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) sum = TABLE[(sum ^ bytes[i]) & 255] ^ sum >>> 8;
  return ~sum >>> 0;
}
