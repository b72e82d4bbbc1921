/**
 * Why a foreign file cannot be read, as one sentence.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";

/** A place within a file, as far as it is known. */
export interface ForeignPlace {
  readonly place: string;
  readonly group?: number;
  readonly row?: number;
}

/** The `InputError` that names file, row group and row; `cause` may be a clause. */
export function unreadable({ place, group, row }: ForeignPlace, cause: unknown): InputError {
  const doing = [
    `Cannot read "${place}"`,
    ...(group === undefined ? [] : [`row group ${group}`]),
    ...(row === undefined ? [] : [`row ${row}`]),
  ].join(", ");
  const why = cause instanceof Error ? cause.message : String(cause);
  return explain(doing, cause) ?? new InputError({ message: `${doing}: ${why}` });
}
