import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { withFolder } from "./atlas_folder.ts";
import { type Folder, simple, tenx, writeFolder, writeH5ad } from "./data_files.ts";
import { assertSame } from "./first_difference.ts";
import { imported, refusal } from "./imported.ts";

const rows = [[1, 0, 2], [0, 3, 0]], genes = ["A", "B", "C"];

/** Why an h5ad file of these bytes is refused. */
function whyFile(bytes: string | Uint8Array): Promise<string> {
  return withFolder(async (folder) => {
    const path = join(folder, "a.h5ad");
    writeFileSync(path, bytes);
    return within(path, await refusal([path]));
  });
}

/** Why a 10x folder with these files in place of good ones is refused, and which path is named. */
function whyFolder(files: Folder): Promise<string> {
  return withFolder(async (folder) => {
    const path = writeFolder(join(folder, "10x"), { ...tenx(rows, genes), ...files });
    return within(path, await refusal([path]));
  });
}

/** The message with the path shortened to "@". */
const within = (path: string, message: string) => message.replaceAll(path, "@");

/** A sound file's bytes. */
const sound = () =>
  withFolder((folder) => {
    const large = Array.from({ length: 60 }, (_, i) => [i + 1, 1, 2]);
    const layout = { as: "csr", compression: "gzip" } as const;
    const path = writeH5ad(join(folder, "a.h5ad"), simple(large, genes, layout));
    return Promise.resolve(Uint8Array.from(readFileSync(path)));
  });

Deno.test("importAtlas() refuses what is no sound h5ad file", async () => {
  const bytes = await sound();
  assertSame(await refusal(["nowhere.h5ad"]), 'Cannot read "nowhere.h5ad": there is no such file');
  assertSame(
    await refusal(["https://name:word@atlases.test/a.h5ad"]),
    'Cannot read "https://atlases.test/a.h5ad": addresses are not imported; copy it to a folder',
  );
  assertSame(await whyFile(""), 'Cannot read "@": it is empty');
  assertSame(await whyFile("barcode,A,B\n"), 'Cannot read "@": it is not an HDF5 file');
  assertSame(
    await whyFile(bytes.slice(0, 4000)),
    `Cannot read "@": it is truncated: 4000 of ${bytes.length} bytes are there`,
  );
});

Deno.test("importAtlas() never takes a damaged chunk for values", async () => {
  const bytes = await sound();
  // gzip chunks begin with 0x78 0x5e at this level; the last ones are those of X/data or X/indices.
  const at = bytes.findLastIndex((byte, i) => byte === 0x78 && bytes[i + 1] === 0x5e);
  assertSame(at > 0, true);
  bytes.fill(0xff, at + 2, at + 8);
  const message = await whyFile(bytes);
  assertSame(/^Cannot read "@": "X\/(data|indices)": it is damaged \(.*\)$/.test(message), true);
});

/** Where a file describes the last of its texts of variable length: by its length, heap and number there. */
function lastText(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = bytes.length - 16; at > 0; at--) {
    const place = view.getUint32(at + 4, true);
    const leads = view.getUint32(at + 8, true) === 0 && place < bytes.length - 4;
    if (leads && new TextDecoder().decode(bytes.subarray(place, place + 4)) === "GCOL") return at;
  }
  throw new Error("there is no text");
}

Deno.test("importAtlas() calls a file damaged that the HDF5 library breaks off at, and nobody else does", () =>
  withFolder(async (folder) => {
    const whole = writeH5ad(join(folder, "whole.h5ad"), simple(rows, genes));
    const bytes = Uint8Array.from(readFileSync(whole)), path = join(folder, "a.h5ad");
    const why =
      `Cannot read "${path}": "var/_index": it is damaged: the library that reads it breaks off`;
    bytes[lastText(bytes) + 12] ^= 128;
    writeFileSync(path, bytes);
    assertSame(await refusal([path]), why);
    const script = fileURLToPath(new URL("import_process.ts", import.meta.url));
    const args = ["run", "-A", "--no-check", script, path, join(folder, "out"), "40000", "2"];
    const { stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assertSame([status, stderr.includes(why), stderr.includes("Aborted(")], [1, true, false]);
    // It still reads what is sound.
    assertSame((await imported([whole])).symbols, genes);
  }));

Deno.test("importAtlas() refuses borders of rows that are not whole", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.h5ad");
    const halved = (places: number[]) =>
      Float64Array.from(places, (place) => places.at(-1) === 3 && place === 2 ? 1.5 : place);
    writeH5ad(path, simple(rows, genes, { as: "csr", places: halved }));
    assertSame(
      within(path, await refusal([path])),
      'Cannot read "@": "X" is damaged: one of its borders is not whole',
    );
  }));

Deno.test("importAtlas() names the folders in a folder that Parquet files lie in", () =>
  withFolder(async (folder) => {
    const hive = join(folder, "hive"), inner = join(hive, "k=0");
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, "a.parquet"), "PAR1");
    assertSame(
      await refusal([hive]),
      `Cannot read "${hive}": its Parquet files lie in folders of it; name those, the first is "${inner}"`,
    );
    const path = writeFolder(join(folder, "10x"), tenx(rows, genes));
    mkdirSync(join(path, "more"));
    writeFileSync(join(path, "more", "a.parquet"), "PAR1");
    assertSame((await imported([path])).symbols, genes);
  }));

Deno.test("importAtlas() refuses LZF, which the HDF5 library would read as garbage", async () => {
  const path = new URL("fixtures/lzf.h5ad", import.meta.url).pathname;
  assertSame(
    within(path, await refusal([path])),
    'Cannot read "@": "X/data" is compressed with lzf, which is not supported; write the file again with gzip, for example adata.write_h5ad(path, compression="gzip")',
  );
});

Deno.test("importAtlas() refuses a matrix that is not there or does not fit", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.h5ad"), file = simple(rows, genes);
    const layered = { ...file.matrices, "layers/spliced": [rows, { as: "csc" }] } as const;
    writeH5ad(path, { ...file, matrices: layered });
    assertSame(
      within(path, await refusal([path], { matrix: "layers/counts" })),
      'Cannot read "@": there is no matrix "layers/counts" in it; it has X, layers/spliced',
    );
    assertSame(
      within(path, await refusal([path], { symbols: "smybol" })),
      'Cannot read "@": var has no column "smybol" of gene symbols; known are "index"',
    );
    writeH5ad(path, { ...file, tables: { ...file.tables, var: { index: ["A", "B"] } } });
    assertSame(
      within(path, await refusal([path])),
      'Cannot read "@": "X" has 2 × 3 values, but obs and var name 2 cells and 2 genes',
    );
    writeH5ad(path, { ...file, tables: {} });
    assertSame(
      within(path, await refusal([path])),
      'Cannot read "@": it has no "var"; AnnData has X, obs and var',
    );
  }));

Deno.test("importAtlas() refuses a folder that is no 10x folder", async () => {
  const has = "a 10x folder has matrix.mtx, features.tsv or genes.tsv, and barcodes.tsv";
  assertSame(
    await whyFolder({ "matrix.mtx.gz": undefined }),
    `Cannot read "@": there is no matrix.mtx (plain or .gz) in it; ${has}`,
  );
  assertSame(
    await whyFolder({ "features.tsv.gz": undefined }),
    `Cannot read "@": there is no features.tsv or genes.tsv (plain or .gz) in it; ${has}`,
  );
  assertSame(
    await whyFolder({ "barcodes.tsv.gz": ["c0"] }),
    'Cannot read "@/matrix.mtx.gz": it is 3 × 2, but "features.tsv.gz" has 3 lines and "barcodes.tsv.gz" has 1 lines',
  );
  assertSame(
    await whyFolder({ "cells.tsv": ["barcode\ttype", "c9\tT"] }),
    'Cannot read "@/cells.tsv": it describes a cell "c9" that the barcodes do not list',
  );
});

Deno.test("importAtlas() refuses a Matrix Market file that is not what it announces", async () => {
  const banner = "%%MatrixMarket matrix coordinate integer general";
  const why = async (...lines: string[]) =>
    (await whyFolder({ "matrix.mtx.gz": lines })).replace('Cannot read "@/matrix.mtx.gz": ', "");
  assertSame(
    await why("%%MatrixMarket matrix array real general", "3 2"),
    'it begins with "%%MatrixMarket matrix array real general", not with "%%MatrixMarket matrix coordinate integer general" (or real)',
  );
  const none = "there is no line with the size of the matrix";
  assertSame(await why(banner), none);
  assertSame(await why(banner, ...Array.from({ length: 2000 }, () => ""), "3 2"), none);
  assertSame(
    await why(banner, "3 2 2", "1 1 5"),
    "it is truncated or damaged: 1 of the 2 entries that it announces are there",
  );
  assertSame(await why(banner, "3 2 1", "4 1 5"), 'entry 1 is "4 1 5", outside its 3 × 2 values');
  assertSame(await why(banner, "3 2 1", "1 1"), 'entry 1 is "1 1", outside its 3 × 2 values');
  assertSame(
    await why(banner, "3 2 3", "2 1 5", "1 2 5", "3 1 5"),
    "entry 3 belongs to cell 1 but comes after cell 2; sort its lines by the second number, which counts the cells",
  );
});

Deno.test("importAtlas() refuses a gzip file that ends too early, and a folder in place of one", () =>
  withFolder(async (folder) => {
    const path = writeFolder(join(folder, "10x"), tenx(rows, genes));
    const whole = gzipSync(readFileSync(join(path, "features.tsv.gz")));
    writeFileSync(join(path, "features.tsv.gz"), whole.subarray(0, whole.length - 12));
    assertSame(
      within(path, await refusal([path])),
      'Cannot read "@/features.tsv.gz": it is truncated: the gzip stream ends too early',
    );
    rmSync(join(path, "features.tsv.gz"));
    mkdirSync(join(path, "features.tsv.gz"));
    assertSame(
      within(path, await refusal([path])),
      'Cannot read "@/features.tsv.gz": it is a folder',
    );
  }));
