/**
 * The numbers that settings and files hold, each with the check that it needs.
 *
 * @module
 */

import { Schema } from "effect";

/** 1, 2, 3, … */
export const Positive = Schema.Int.check(Schema.isGreaterThan(0));

/** 0, 1, 2, … */
export const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

/** A number from 0 to 1. */
export const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));

/** A number above 0, up to 1: not nothing. */
export const PositiveShare = Share.check(Schema.isGreaterThan(0));

/** A number between 0 and 1 and neither of them: a part that leaves a part. */
export const ProperShare = PositiveShare.check(Schema.isLessThan(1));
