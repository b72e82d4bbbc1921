import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Effect } from "effect";
import fc from "fast-check";
import type { CountMatrix, ReadOptions } from "../streams/import/count_matrix.ts";
import { openInput } from "../streams/import/open_input.ts";
import { MOST_CHUNK_BYTES } from "../streams/import/stored.ts";
import { chunkCache } from "../streams/import/zarr/chunk_cache.ts";
import { crc32c } from "../streams/import/zarr/crc32c.ts";
import { withFolder } from "./atlas_folder.ts";
import { type Dense, type H5ad, simple } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";
import { refusal } from "./imported.ts";
import { writeArray, writeZarr, type ZarrLayout } from "./zarr_folder.ts";

const options: ReadOptions = { matrix: "X", categories: [] };
const rows = [[1, 0, 2], [0, 3, 0], [4, 0, 0], [0, 5, 6]], genes = ["A", "B", "C"];
const three: ZarrLayout = { version: 3, pack: "zstd", chunk: 2 };
const two: ZarrLayout = { version: 2, pack: "gzip", chunk: 2 };

/** Cells and what each column says of them, read along. */
async function contents(matrix: CountMatrix) {
  const cells: number[][] = [], columns = matrix.obs.map((): unknown[] => []);
  for await (const { first, offsets, columns: places, values } of matrix.rows(5)) {
    const end = first + offsets.length - 1;
    for (let cell = 0; cell + 1 < offsets.length; cell++) {
      const row = matrix.symbols.map(() => 0);
      for (let e = offsets[cell]; e < offsets[cell + 1]; e++) row[places[e]] += values[e];
      cells.push(row);
    }
    matrix.obs.forEach((column, i) =>
      columns[i].push(
        ...("numbers" in column
          ? column.numbers(first, end)
          : Array.from(column.codes(first, end), (code) => column.categories[code])),
      )
    );
  }
  return { cells, obs: Object.fromEntries(matrix.obs.map(({ name }, i) => [name, columns[i]])) };
}

const read = (path: string, asked = options) =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(
    openInput(path, asked),
    (matrix) => Effect.promise(() => contents(matrix)),
  )));

interface Fixture {
  readonly counts: Dense;
  readonly stores: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
const fixture: Fixture = JSON.parse(
  gunzipSync(readFileSync(new URL("fixtures/import/zarr_stores.json.gz", import.meta.url)))
    .toString(),
);

/** Writes a stored store out. */
function unpacked(name: string, folder: string): string {
  for (const [path, bytes] of Object.entries(fixture.stores[name])) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), Uint8Array.fromBase64(bytes));
  }
  return folder;
}

for (const name of Object.keys(fixture.stores)) {
  Deno.test(`openZarr() reads what anndata and zarr wrote: ${name}`, () =>
    withFolder(async (folder) => {
      const { cells, obs } = await read(unpacked(name, folder));
      assertSame(cells, fixture.counts);
      const each = <A>(of: (i: number) => A) => Array.from({ length: 12 }, (_, i) => of(i));
      assertSame(obs, {
        celltype: each((i) => ["B", "T é", "NK%1"][i % 3]),
        n: each((i) => i === 4 ? NaN : i),
        ok: each((i) => i === 2 ? undefined : i % 2 === 1 ? "True" : "False"),
        "pct%a?": each((i) => i / 4),
      });
    }));
}

Deno.test("openZarr() finds arrays by consolidated metadata alone, and trusts their own first", () =>
  withFolder(async (folder) => {
    unpacked("sharded", folder);
    rmSync(join(folder, "X/indptr/zarr.json"));
    assertSame((await read(folder)).cells, fixture.counts);
    const root = JSON.parse(readFileSync(join(folder, "zarr.json"), "utf8"));
    root.consolidated_metadata.metadata["X/data"].shape = [1];
    writeFileSync(join(folder, "zarr.json"), JSON.stringify(root));
    assertSame((await read(folder)).cells, fixture.counts);
  }));

/** A store of the matrix with something done to it, and why it is refused. */
function why(
  harm: (path: string) => void,
  layout: ZarrLayout = three,
  file: H5ad = simple(rows, genes),
): Promise<string> {
  return withFolder(async (folder) => {
    const path = writeZarr(join(folder, "a.zarr"), file, layout);
    harm(path);
    return (await refusal([path])).replaceAll(path, "@");
  });
}

const edit = (path: string, name: string, change: (document: Record<string, unknown>) => void) => {
  const document = JSON.parse(readFileSync(join(path, name), "utf8"));
  change(document);
  writeFileSync(join(path, name), JSON.stringify(document));
};

Deno.test("importAtlas() refuses a zarr store that has lost a chunk of its matrix", async () => {
  const lost = (name: string, chunk: number) =>
    `Cannot read "@": "X/${name}": chunk ${chunk} is missing; where it held only zeros, zarr.config.set({"array.write_empty_chunks": True}) writes it`;
  assertSame(await why((path) => rmSync(join(path, "X/data/c/1"))), lost("data", 1));
  assertSame(await why((path) => rmSync(join(path, "X/indices/0")), two), lost("indices", 0));
  assertSame(await why((path) => rmSync(join(path, "X/indptr/c/0"))), lost("indptr", 0));
});

Deno.test("importAtlas() refuses a damaged or truncated chunk of a zarr store", async () => {
  // Chunks packed with zstd alone have no checksum: only their form shows that they are damaged.
  const flip = (at: string, byte: number) => (path: string) => {
    const bytes = readFileSync(join(path, at));
    bytes[byte < 0 ? bytes.length + byte : byte] ^= 255;
    writeFileSync(join(path, at), bytes);
  };
  const cut = (at: string) => (path: string) =>
    writeFileSync(join(path, at), readFileSync(join(path, at)).subarray(0, 7));
  const begins = async (message: Promise<string>, beginning: string) =>
    assertSame((await message).slice(0, beginning.length), beginning);
  const damaged = (name: string, codec: string) =>
    `Cannot read "@": "X/${name}": chunk 0 is damaged: ${codec} cannot unpack it (`;
  await begins(why(flip("X/data/c/0", 0)), damaged("data", "zstd"));
  await begins(why(flip("X/data/0", -6), two), damaged("data", "numcodecs.gzip"));
  await begins(why(cut("X/indices/c/0")), 'Cannot read "@": "X/indices": chunk 0 ');
  const raw = { ...three, pack: "none" } as const;
  await begins(why(cut("X/data/c/0"), raw), 'Cannot read "@": "X/data": chunk 0 ');
  assertSame(
    await why((path) => writeFileSync(join(path, "X/data/c/0"), new Uint8Array(4)), raw),
    'Cannot read "@": "X/data": chunk 0 has 1 values, not 2',
  );
});

Deno.test("importAtlas() refuses a chunk of a shard whose checksum is wrong", () =>
  withFolder(async (folder) => {
    const path = unpacked("sharded", folder), shard = join(path, "X/data/c/0");
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(shard, bytes);
    const message = (await refusal([`a=${path}`])).replaceAll(path, "@");
    assertSame(message.startsWith('Cannot read "@": "X/data": chunk 0 '), true);
    assertSame(message.includes("its checksum is wrong"), true);
  }));

Deno.test("importAtlas() unpacks no more of a chunk than its metadata says", async () => {
  const bomb = (pack: "gzip" | "zstd") =>
    why((path) => {
      const into = { path, layout: { ...three, pack, chunk: 2 ** 20 } };
      writeArray(into, "bomb", new Float32Array(2 ** 20));
      renameSync(join(path, "bomb/c/0"), join(path, "X/data/c/0"));
    }, { ...three, pack });
  for (const pack of ["gzip", "zstd"] as const) {
    const message = await bomb(pack);
    const begins = `Cannot read "@": "X/data": chunk 0 is damaged: ${pack} cannot unpack it (`;
    assertSame(message.slice(0, begins.length), begins);
  }
});

Deno.test("importAtlas() refuses chunks that do not fit into memory by their metadata", async () => {
  const chunk = MOST_CHUNK_BYTES;
  assertSame(
    await why((path) =>
      edit(path, "X/data/zarr.json", (document) => {
        document.chunk_grid = { name: "regular", configuration: { chunk_shape: [chunk] } };
      })
    ),
    `Cannot read "@": "X/data": a chunk of ${chunk} values is too large; write the store again in smaller chunks`,
  );
  assertSame(
    await why((path) => edit(path, "X/data/.zarray", (document) => document.chunks = [0]), two),
    'Cannot read "@": "X/data": chunks of 0 do not divide 6',
  );
  assertSame(
    await why((path) => edit(path, "X/data/.zarray", (document) => document.shape = [-6]), two),
    'Cannot read "@": "X/data": its shape is not a list of lengths',
  );
});

Deno.test("importAtlas() refuses what it cannot unpack, and names what it is", async () => {
  assertSame(
    await why(
      (path) => edit(path, "X/data/.zarray", (d) => d.compressor = { id: "lzma" }),
      two,
    ),
    'Cannot read "@": "X/data": chunk 0 is compressed with numcodecs.lzma, which is not supported; write the store again with the compressor of today\'s anndata: adata.write_zarr(path)',
  );
  assertSame(
    await why((path) => writeFileSync(join(path, "X/zarr.json"), '{"node_')),
    'Cannot read "@": its metadata "X/zarr.json" is damaged: it is no JSON',
  );
  assertSame(
    await why((path) => edit(path, "X/data/zarr.json", (d) => d.data_type = { name: "r16" })),
    'Cannot read "@": "X/data": its values are neither numbers nor strings',
  );
  assertSame(
    await why((path) => rmSync(join(path, "X"), { recursive: true })),
    'Cannot read "@": there is no matrix "X" in it; it holds no AnnData',
  );
});

Deno.test("openInput() reads a zarr store with a changed byte, or says what is wrong with it", async () => {
  const stores = Object.keys(fixture.stores);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...stores), fc.nat(), fc.nat(), fc.nat(255), (
      name,
      file,
      place,
      byte,
    ) =>
      withFolder(async (folder) => {
        const paths = Object.keys(fixture.stores[name]), path = paths[file % paths.length];
        const at = join(unpacked(name, folder), path), bytes = readFileSync(at);
        bytes[place % bytes.length] = byte;
        writeFileSync(at, bytes);
        await Effect.runPromise(Effect.scoped(Effect.flatMap(
          openInput(folder, options),
          (matrix) =>
            Effect.tryPromise({
              try: () => contents(matrix),
              catch: (cause) => cause,
            }),
        ))).catch((cause) =>
          assertSame([cause._tag, cause.message], ["InputError", cause.message])
        );
      })),
    { numRuns: 40 },
  );
});

Deno.test("openZarr() never leaves its folder, whatever the metadata names", async () => {
  for (const name of ["../../secret", "..%2f..%2fsecret", "/etc", "a/../../../secret"]) {
    const message = await why((path) => {
      writeArray({ path: dirname(path), layout: three }, "secret", ["A", "B", "C"]);
      edit(path, "var/zarr.json", (document) => document.attributes = { _index: name });
    });
    assertSame(message, `Cannot read "@": there is no array "var/${name}" in it`);
  }
});

Deno.test("importAtlas() refuses values of a zarr store that are no counts", async () => {
  for (
    const [value, says] of [[-1, "which is negative"], [NaN, "which is not a number"], [
      0.5,
      "which is not whole",
    ]] as const
  ) {
    const message = await why(() => {}, three, simple([[1, 0, 2], [0, value, 0]], genes));
    assertSame(message.includes(`gene "B" of cell 1 has the value ${value}, ${says}`), true);
  }
});

Deno.test("chunkCache() holds what it may, and what was used last", async () => {
  const cache = chunkCache<string>(10), made: string[] = [];
  const get = (name: string, bytes: number) =>
    cache.get(name, bytes, () => {
      made.push(name);
      return Promise.resolve(name.toUpperCase());
    });
  for (
    const [name, bytes] of [["a", 4], ["b", 4], ["a", 4], ["c", 4], ["a", 4], ["b", 4]] as const
  ) {
    assertSame(await get(name, bytes), name.toUpperCase());
  }
  assertSame(made, ["a", "b", "c", "b"]);
  await get("large", 20);
  await get("large", 20);
  assertSame(made, ["a", "b", "c", "b", "large"]);
  cache.forget("large");
  await get("large", 20);
  assertSame(made, ["a", "b", "c", "b", "large", "large"]);
});

Deno.test("crc32c() gives the sums of RFC 3720", () => {
  assertSame(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertSame(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
});
