/**
 * Where something lies: a path, or an address that begins with `http://` or `https://`.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../core/errors.ts";

/** Whether a place is an address; otherwise it is a path. */
export const isAddress = (place: string): boolean => /^https?:\/\//i.test(place);

/** The beginning of an address of whatever kind, which it names. */
const KIND = /^([a-z][a-z0-9+.-]+):\/\//i;

/**
 * The path that a place is: itself, or what a `file:` address names.
 *
 * @throws InputError where it is an address of another kind.
 */
export function pathOf(place: string): string {
  const kind = place.match(KIND)?.[1].toLowerCase();
  if (kind === undefined) return place;
  const why = kind === "file"
    ? "it names another computer; give a path"
    : `nothing here reads ${kind}://; give its address with https://, or a path`;
  try {
    if (kind === "file") return fileURLToPath(place);
  } catch {
    // Said below.
  }
  throw new InputError({ message: `Cannot open "${place}": ${why}` });
}

/** A place as it is called from everywhere: a path begins at `folder`, an address is what it is. */
export const placeFrom = (folder: string, place: string): string =>
  KIND.test(place) ? place : resolve(folder, place);

/**
 * The place of a file below a folder, which may be an address: what the address asks with (`?…`) is asked
 * for the file too. `name` is a plain name, or several with "/" between them.
 */
export function joinPlace(folder: string, name: string): string {
  if (!isAddress(folder)) return join(pathOf(folder), name);
  const address = urlOf(folder);
  const below = name.split("/").map(encodeURIComponent).join("/");
  address.pathname = address.pathname.replace(/\/*$/, "/") + below;
  return address.href;
}

/**
 * An address in its parts.
 *
 * @throws InputError where it is none.
 */
export function urlOf(address: string): URL {
  const url = URL.parse(address);
  if (url) return url;
  const shown = address.replace(/\/\/.*@/, "//");
  throw new InputError({ message: `Cannot open "${shown}": it is not a valid address` });
}

/** An address as it may be shown: without a password, and without what it asks with. */
export function shownAddress(address: string): string {
  const { protocol, host, pathname, search } = urlOf(address);
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}

/** A place as it may be shown. */
export const shownPlace = (place: string): string => isAddress(place) ? shownAddress(place) : place;
