/**
 * A disk in memory that forgets at a power cut whatever was not brought to it.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import type { Disk } from "../streams/checkpoint/disk.ts";

/** A file, or a folder with what it is sure to hold and what it may come to hold. */
type Node = Uint8Array | Folder;
interface Folder {
  /** As everyone sees it. */
  now: Map<string, Node>;
  /** As it is on the disk. */
  sure: Map<string, Node>;
  /** Changes since: each may or may not reach the disk before the power goes. */
  pending: ((entries: Map<string, Node>) => void)[];
}

/** A disk with its power cord. */
export interface ForgetfulDisk extends Disk {
  /**
   * The disk as it comes back after a power cut: `survives` is asked of each change of a folder that
   * was not brought to the disk.
   */
  afterPowerCut(survives: () => boolean): ForgetfulDisk;
}

/** A disk whose power goes after `operations` changes: then nothing works until it is back. */
export function forgetfulDisk(operations: number, root: Folder = emptyFolder()): ForgetfulDisk {
  let left = operations;
  function live() {
    if (left <= 0) throw new Error("the power is gone");
  }
  function find(path: string): Node | undefined {
    if (path === "/") return root;
    const above = find(dirname(path));
    return isFolder(above) ? above.now.get(basename(path)) : undefined;
  }
  function folderAt(path: string): Folder {
    const found = find(path);
    if (found === undefined) throw fault("ENOENT");
    if (!isFolder(found)) throw fault("ENOTDIR");
    return found;
  }
  function change(folder: Folder, apply: Folder["pending"][number]) {
    live();
    left--;
    apply(folder.now);
    folder.pending.push(apply);
  }
  function remove(path: string) {
    const found = find(path);
    if (found === undefined) return;
    if (isFolder(found)) { for (const name of [...found.now.keys()]) remove(`${path}/${name}`); }
    change(folderAt(dirname(path)), (entries) => entries.delete(basename(path)));
  }
  return {
    makeFolder: (path) =>
      promised(() => {
        if (find(path) !== undefined) return;
        const made = emptyFolder();
        change(folderAt(dirname(path)), (entries) => entries.set(basename(path), made));
      }),
    write: (path, bytes) =>
      promised(() => {
        const folder = folderAt(dirname(path)), name = basename(path), kept = bytes.slice();
        if (folder.now.has(name)) throw fault("EEXIST");
        change(folder, (entries) => entries.set(name, kept));
      }),
    syncFolder: (path) =>
      promised(() => {
        live();
        left--;
        const folder = folderAt(path);
        folder.sure = new Map(folder.now);
        folder.pending = [];
      }),
    rename: (from, to) =>
      promised(() => {
        const folder = folderAt(dirname(from)), moved = find(from), there = find(to);
        if (moved === undefined) throw fault("ENOENT");
        if (isFolder(there) && there.now.size > 0) throw fault("ENOTEMPTY");
        change(folder, (entries) => {
          if (entries.delete(basename(from))) entries.set(basename(to), moved);
        });
      }),
    names: (path) => promised(() => [...folderAt(path).now.keys()]),
    read: (path) =>
      promised(() => {
        const found = find(path);
        if (found === undefined) throw fault("ENOENT");
        if (isFolder(found)) throw fault("EISDIR");
        return found.slice();
      }),
    remove: (path) => promised(() => remove(path)),
    afterPowerCut: (survives) => forgetfulDisk(Infinity, settled(root, survives)),
  };
}

/** The folder with those of its changes that survive, and no others. */
function settled(folder: Folder, survives: () => boolean): Folder {
  const entries = new Map(folder.sure);
  for (const apply of folder.pending) if (survives()) apply(entries);
  for (const [name, node] of entries) {
    if (isFolder(node)) entries.set(name, settled(node, survives));
  }
  return { now: entries, sure: new Map(entries), pending: [] };
}

const emptyFolder = (): Folder => ({ now: new Map(), sure: new Map(), pending: [] });

const isFolder = (node: Node | undefined): node is Folder =>
  node !== undefined && !(node instanceof Uint8Array);

const fault = (code: string) => Object.assign(new Error(`${code}: there`), { code });

/** What `f` returns, or throws, later. */
const promised = async <A>(f: () => A): Promise<A> => await f();
