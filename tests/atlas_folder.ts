/**
 * Atlases in temporary folders.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `use` with a fresh folder and removes it afterwards. */
export async function withFolder<A>(use: (folder: string) => Promise<A>): Promise<A> {
  const folder = mkdtempSync(join(tmpdir(), "gil-test-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A fresh folder that is removed when the test file has ended. */
export function folderOfTests(): string {
  const folder = mkdtempSync(join(tmpdir(), "gil-test-"));
  globalThis.addEventListener("unload", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
