/**
 * LEB128: integers of seven bits a byte, the lowest first; the high bit says that more follow.
 *
 * @module
 */

/** The bytes of an integer that is not negative. */
export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...unsigned(Math.floor(value / 128))];
}

/** The bytes of an integer of 32 bits with a sign. */
export function signed(value: number): number[] {
  const ends = value >= -64 && value < 64;
  return ends ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
