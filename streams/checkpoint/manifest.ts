/**
 * `manifest.json`: which place of which run a checkpoint keeps, and the hash of every file.
 *
 * @module
 */

import { Effect, Schema } from "effect";
import { createHash } from "node:crypto";
import { decode } from "../../core/decode.ts";
import { InputError } from "../../core/errors.ts";
import { Count } from "../../core/quantities.ts";
import { Damage } from "./damage.ts";

/** The name of the manifest within the folder of a checkpoint. */
export const MANIFEST_FILE = "manifest.json";

/** The format that is written, and the only one that is read. */
export const FORMAT = 1;

const Sha256 = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "a SHA-256 hash in lower-case hexadecimal" }),
);
/** A file as it was written. */
const Written = Schema.Struct({ bytes: Count, sha256: Sha256 });

/** What `manifest.json` says; its last line, the hash of all this, is not part of it. */
export const Manifest = Schema.Struct({
  format: Schema.Literal(FORMAT),
  seed: Schema.Int,
  leg: Count,
  step: Count,
  events: Count,
  /** The resolved experiment, keys sorted, and the hash of its JSON. */
  experiment: Schema.Struct({ sha256: Sha256, content: Schema.Unknown }),
  atlas: Schema.Struct({ cells: Count, genes: Count, sha256: Sha256 }),
  engine: Schema.String,
  versions: Schema.Record(Schema.String, Schema.String),
  /** The hash of each file of plugins, by its path; absent where an earlier gil wrote it. */
  plugins: Schema.optionalKey(Schema.Record(Schema.String, Sha256)),
  /** Names and shapes of the weights, in the order of the flat buffers. */
  weights: Schema.Array(Schema.Struct({ name: Schema.String, shape: Schema.Array(Count) })),
  /** The files beside it. Their names are given here: no manifest can point outside its folder. */
  files: Schema.Struct({
    "trunk.safetensors": Schema.optionalKey(Written),
    "branch.safetensors": Schema.optionalKey(Written),
    "training.safetensors": Schema.optionalKey(Written),
    "memory.safetensors": Schema.optionalKey(Written),
  }),
});
/** What `manifest.json` says. */
export type Manifest = typeof Manifest.Type;

/** A file that a checkpoint may have beside its manifest. */
export type FileName = keyof Manifest["files"];

/** The hash by which files are known. */
export const sha256Of = (content: Uint8Array | string): string =>
  createHash("sha256").update(content).digest("hex");

/** The bytes of the file. */
export const encodeManifest = (manifest: Manifest): Uint8Array =>
  new TextEncoder().encode(seal({ ...manifest }));

/**
 * What the file says.
 *
 * @param checkpoint Path of the folder that it is in, for messages.
 * @throws Damage where it is not, byte for byte, what `encodeManifest` writes.
 * @throws InputError where it is of a format to come.
 */
export function decodeManifest(bytes: Uint8Array, checkpoint: string): Manifest {
  const content = unseal(bytes);
  if (content.format !== FORMAT) {
    throw new InputError({
      message: `Cannot use checkpoint "${checkpoint}": it has format ` +
        `${JSON.stringify(content.format)} and this gil reads ${FORMAT}; use the gil that wrote it`,
    });
  }
  const decoded = Effect.runSync(
    Effect.result(decode(Manifest, content, `${MANIFEST_FILE} is no manifest`)),
  );
  if (decoded._tag === "Failure") throw new Damage({ message: decoded.failure.message });
  return decoded.success;
}

/** JSON that ends with the hash of what comes before. */
function seal(content: Readonly<Record<string, unknown>>): string {
  const sha256 = sha256Of(JSON.stringify(content));
  return JSON.stringify({ ...content, sha256 }, null, 2) + "\n";
}

function unseal(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const { content, text, sealed } = orNoJson(() => {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const { sha256: _, ...content } = Object(JSON.parse(text)) as Record<string, unknown>;
    return { content, text, sealed: seal(content) };
  });
  // Sealing again notices every byte, also those that JSON does not care about.
  if (sealed === text) return content;
  throw new Damage({ message: `${MANIFEST_FILE} is not as it was written` });
}

/** Runs `f`, which fails for what is no text, no JSON, or nested too deep to be written again. */
function orNoJson<A>(f: () => A): A {
  try {
    return f();
  } catch {
    throw new Damage({ message: `${MANIFEST_FILE} is not JSON` });
  }
}
