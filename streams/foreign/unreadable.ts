/**
 * Why a foreign file cannot be read, as one sentence.
 *
 * @module
 */

import { InputError } from "../../core/errors.ts";
import { explain } from "../explain.ts";
import { REMEDIES } from "../reading/remedies.ts";
import { IN_ROW } from "../reading/staging/make_cells.ts";
import type { Fault } from "../reading/staging/reader_settings.ts";

/** A place within a file, as far as it is known. */
export interface ForeignPlace {
  readonly place: string;
  readonly group?: number;
}

/** The `InputError` that names file and row group. */
export function unreadable({ place, group }: ForeignPlace, fault: Fault): InputError {
  const { message, name, code } = fault;
  // A whole sentence already, such as that an address cannot be read.
  if (name === "InputError") return new InputError({ message });
  const doing = `Cannot read "${place}"${group === undefined ? "" : `, row group ${group}`}`;
  const known = explain(doing, Object.assign(new Error(message), code && { code }));
  const why = `${doing}${name === IN_ROW ? "," : ":"} ${message}`;
  return known ?? new InputError({ message: name in REMEDIES ? `${why}; ${REMEDIES[name]}` : why });
}
