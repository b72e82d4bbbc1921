/**
 * The same cells in every format that is read: made or converted once, and kept.
 *
 * @module
 */

import { Effect } from "effect";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { openAtlas } from "../../streams/atlas/open_atlas.ts";
import { convert, type ConvertingRequest } from "./converting.ts";
import { madeUp, type Shape } from "./made_up.ts";
import { writeH5ad } from "./write_h5ad.ts";

/** Cells as made up where no file is given: of 32,738 genes about 1,470 are expressed in a cell. */
export const shapeOf = (cells: number): Shape => ({ cells, genes: 32_738, molecules: 2_900 });

/** Where the cells lie, format by format. */
export interface Data {
  readonly h5ad: string;
  /** Our atlases: in the order of the file, and shuffled by the import. */
  readonly given: string;
  readonly shuffled: string;
  /** Annbatch's store and the folder of Hugging Face's Arrow files; only where peers can be run. */
  readonly annbatch: string;
  readonly arrow: string;
  /** Shards of the atlas in the order of the file. */
  readonly shards: readonly string[];
  readonly truth: Truth;
}

/** What every reader should read. */
export interface Truth {
  readonly cells: number;
  readonly genes: number;
  readonly entries: number;
  /** The column whose entropy in a batch is looked at. */
  readonly label: string;
  /** How many cells have each of its categories. */
  readonly labels: Readonly<Record<string, number>>;
  /** What `signatureOf` says of each cell. */
  readonly signatures: readonly string[];
}

/** Which cells are read, and where their copies are kept. */
export interface Wanted {
  readonly folder: string;
  /** An h5ad file; made up where it is not given. */
  readonly from: string | undefined;
  readonly cells: number;
  readonly label: string;
  /** A Python that has the peers. */
  readonly python: string | undefined;
  readonly tell: (line: string) => void;
}

/** What can be told of a cell whatever numbers its genes have. */
export const signatureOf = (label: string, entries: number, sum: number): string =>
  `${label}|${entries}|${sum}`;

/** Makes a file or folder unless it is there; what was begun and not finished is begun again. */
async function once(
  path: string,
  make: (path: string) => Promise<unknown>,
  tell: Wanted["tell"],
): Promise<string> {
  if (existsSync(path)) return path;
  const begun = `${path}.begun`;
  tell(`making ${path}`);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(begun, { recursive: true, force: true });
  await make(begun);
  renameSync(begun, path);
  return path;
}

/** An h5ad file of made-up cells. */
export const madeUpFile = (
  { folder, cells, tell }: Pick<Wanted, "folder" | "cells" | "tell">,
): Promise<string> =>
  once(
    join(resolve(folder), `made-up-${cells}`, "cells.h5ad"),
    (path) => writeH5ad(path, madeUp(shapeOf(cells))),
    tell,
  );

/** Makes what is not there yet. */
export async function prepare(wanted: Wanted): Promise<Data> {
  const { folder, from, cells, label, python, tell } = wanted;
  const place = resolve(folder, from ? basename(from, ".h5ad") : `made-up-${cells}`);
  const by = (file: string, request: (output: string) => ConvertingRequest) =>
    once(join(place, file), (output) => convert(request(output), python), tell);

  const h5ad = from ? resolve(from) : await madeUpFile(wanted);
  const given = await by("given", (output) => (
    { convert: "atlas", h5ad, order: "as given", output }
  ));
  const shuffled = await by("shuffled", (output) => (
    { convert: "atlas", h5ad, order: "shuffled", output }
  ));
  const shards = filesOf(given).filter((file) => file.endsWith(".parquet")).sort();
  const [annbatch, arrow] = python === undefined ? ["", ""] : [
    await by("annbatch.zarr", (output) => ({ convert: "annbatch", h5ad, output })),
    await by("arrow", (output) => ({ convert: "datasets", shards, output })),
  ];
  const writeTruth = async (path: string) =>
    writeFileSync(path, JSON.stringify(await truthOf(given, label)));
  const noted = await once(join(place, `truth-${label}.json`), writeTruth, tell);
  const truth: Truth = JSON.parse(readFileSync(noted, "utf8"));
  return { h5ad, given, shuffled, annbatch, arrow, shards, truth };
}

/** Reads all cells of an atlas once, from its beginning to its end. */
const truthOf = (folder: string, label: string): Promise<Truth> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const atlas = yield* openAtlas(folder), { cells } = atlas;
    const categories = atlas.columns.find(({ name }) => name === label)?.categories;
    if (!categories) {
      const names = atlas.columns.map(({ name }) => name).join(", ");
      throw new Error(`Cannot look at "${label}": the cells have no such column, but ${names}`);
    }
    const labels: Record<string, number> = {}, signatures: string[] = [];
    let entries = 0;
    yield* Effect.promise(async () => {
      for await (const batch of atlas.read({ batch: 1024, order: "stored", columns: [label] })) {
        const { offsets, values, obs } = batch;
        entries += values.length;
        batch.cells.forEach((_, i) => {
          const name = categories[obs[label][i]] ?? "";
          const own = values.subarray(offsets[i], offsets[i + 1]);
          labels[name] = (labels[name] ?? 0) + 1;
          signatures.push(signatureOf(name, own.length, own.reduce((a, b) => a + b, 0)));
        });
      }
    });
    const genes = atlas.vocabulary.symbols.length;
    return { cells, genes, entries, label, labels, signatures };
  })));

/** Every file at a path: that file, or all within that folder. */
export function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Bytes of all files at a path. */
export const bytesOf = (path: string): number =>
  filesOf(path).reduce((sum, file) => sum + statSync(file).size, 0);
