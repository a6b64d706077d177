/**
 * A file system in memory, as unkind as POSIX allows: what was not synced may be gone after a failure of
 * power, or be there in part, and names and contents of files do not wait for each other.
 */
import type { Disk, DiskFile } from "../src/disk.ts";

interface Inode {
  /** As programs see it. */
  live: Uint8Array;
  /** As it is on the disk for certain. */
  synced: Uint8Array;
}

/** A change of names that is not synced. Moves are two: what is gone here, and what is there. */
interface NameChange {
  readonly folder: string;
  readonly name: string;
  readonly inode: Inode | undefined;
  /** Of a move: both halves come to the disk as one. */
  readonly move: object;
}

interface ModelFolder {
  readonly live: Map<string, Inode>;
  readonly synced: Map<string, Inode>;
}

export interface ModelDiskOptions {
  /** At least 0, below 1. */
  readonly random: () => number;
}

export class ModelDisk {
  readonly #random: () => number;
  readonly #folders = new Map<string, ModelFolder>();
  #changes: NameChange[] = [];
  /** Those who were there before a crash are no more. */
  #era = {};
  #operations = 0;
  /** The operation at which the power fails. */
  failAt = Number.POSITIVE_INFINITY;
  #onFail: () => void = () => undefined;
  /** The bytes that there is room for. */
  roomBytes = Number.POSITIVE_INFINITY;

  constructor({ random }: ModelDiskOptions) {
    this.#random = random;
  }

  /** How many operations there were. */
  get operations(): number {
    return this.#operations;
  }

  /** Resolves when the power fails the next time. */
  whenFailed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFail = resolve;
    });
  }

  /** The disk for who begins now. */
  open(): Disk {
    const era = this.#era;
    const on = <T>(job: () => T): Promise<T> => this.#on(era, job);
    return {
      open: (path, mode) => on(() => this.#open(path, mode, on)),
      stat: (path) => on(() => (this.#folder(path), { dev: 1, isDirectory: () => true })),
      realPath: (path) => on(() => path),
      list: (path) => on(() => [...this.#folder(path).live.keys()]),
      makeFolder: (path) => on(() => this.#makeFolder(path)),
      link: (from, to) => on(() => this.#link(from, to)),
      rename: (from, to) => on(() => this.#rename(from, to)),
      remove: (path) => on(() => this.#remove(path)),
      removeFolder: (path) => on(() => this.#removeFolder(path)),
      syncFolder: (path) => on(() => this.#syncFolder(path)),
    };
  }

  /** The process ends: nothing is lost, and its lock is that of somebody who is no more. */
  kill(): void {
    this.#era = {};
    this.#editLocks((text) => text.replace(/"start":"\d+"/, '"start":"1"'));
  }

  /** The power fails. */
  crash(): void {
    this.#era = {};
    const kept = new Map<object, boolean>();
    const odds = this.#random();
    for (const { folder, name, inode, move } of this.#changes) {
      const isKept = kept.get(move) ?? this.#random() < odds;
      kept.set(move, isKept);
      if (isKept) setName(this.#folder(folder).synced, name, inode);
    }
    this.#changes = [];
    const inodes = new Set<Inode>();
    for (const { live, synced } of this.#folders.values()) {
      live.clear();
      for (const [name, inode] of synced) {
        live.set(name, inode);
        inodes.add(inode);
      }
    }
    for (const inode of inodes) this.#tear(inode);
    this.#editLocks((text) => text.replace(/"boot":"[^"]*"/, '"boot":"before"'));
  }

  /** All that is there, to be brought back while nobody is there. */
  backup(): () => void {
    const copyOf = ({ live }: ModelFolder) =>
      [...live].map(([name, inode]) => [name, new Uint8Array(inode.live)] as const);
    const copies = [...this.#folders].map(([path, folder]) => [path, copyOf(folder)] as const);
    return () => {
      this.kill();
      this.#folders.clear();
      this.#changes = [];
      for (const [path, files] of copies) {
        const entries = files.map(([name, bytes]) => [name, inodeOf(bytes)] as const);
        this.#folders.set(path, { live: new Map(entries), synced: new Map(entries) });
      }
      this.kill();
    };
  }

  /** What is in a folder, as text. */
  files(path: string): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#folder(path).live].map(([name, { live }]) => [name, live]));
  }

  async #on<T>(era: object, job: () => T): Promise<T> {
    for (let turns = Math.floor(this.#random() * 3); turns > 0; turns--) await Promise.resolve();
    if (era !== this.#era) return new Promise(() => undefined);
    if (this.#operations++ === this.failAt) {
      this.crash();
      this.#onFail();
      return new Promise(() => undefined);
    }
    return job();
  }

  #open(
    path: string,
    mode: "read" | "create" | "update",
    on: <T>(job: () => T) => Promise<T>,
  ): DiskFile {
    const { folder, name } = splitPath(path);
    const { live } = this.#folder(folder);
    let inode = live.get(name);
    if (inode === undefined) {
      if (mode === "read") throw failure("ENOENT");
      inode = inodeOf(new Uint8Array(0));
      this.#setName(folder, name, inode, {});
    }
    if (mode === "create") this.#resize(inode, 0);
    const file = inode;
    return {
      stat: () => on(() => ({ size: file.live.length, isFile: () => true })),
      read: (bytes, offset, length, position) =>
        on(() => {
          const part = file.live.subarray(position, position + length);
          bytes.set(part, offset);
          return { bytesRead: part.length };
        }),
      write: (bytes, offset, length, position) =>
        on(() => {
          this.#write(file, bytes.slice(offset, offset + length), position);
          return { bytesWritten: length };
        }),
      truncate: (length) => on(() => this.#resize(file, length)),
      sync: () =>
        on(() => {
          file.synced = new Uint8Array(file.live);
        }),
      close: async () => undefined,
    };
  }

  #write(inode: Inode, bytes: Uint8Array, at: number): void {
    if (bytes.length > this.roomBytes) throw failure("ENOSPC");
    this.roomBytes -= bytes.length;
    const live = new Uint8Array(Math.max(inode.live.length, at + bytes.length));
    live.set(inode.live);
    live.set(bytes, at);
    inode.live = live;
  }

  #resize(inode: Inode, length: number): void {
    const live = new Uint8Array(length);
    live.set(inode.live.subarray(0, length));
    inode.live = live;
  }

  /** What is left of a file: the old or the new length, and of every sector the old or the new. */
  #tear(inode: Inode): void {
    const { live, synced } = inode;
    const torn = new Uint8Array(this.#random() < 0.5 ? live.length : synced.length);
    torn.set(synced.subarray(0, torn.length));
    const odds = this.#random();
    for (let at = 0; at < torn.length; at += SECTOR_BYTES) {
      const isNew = this.#random() < odds;
      if (isNew) torn.set(live.subarray(at, Math.min(at + SECTOR_BYTES, torn.length)), at);
    }
    inode.live = torn;
    inode.synced = new Uint8Array(torn);
  }

  #link(from: string, to: string): void {
    const inode = this.#inode(from);
    const { folder, name } = splitPath(to);
    if (this.#folder(folder).live.has(name)) throw failure("EEXIST");
    this.#setName(folder, name, inode, {});
  }

  #rename(from: string, to: string): void {
    const inode = this.#inode(from);
    const move = {};
    const [source, target] = [splitPath(from), splitPath(to)];
    this.#setName(target.folder, target.name, inode, move);
    this.#setName(source.folder, source.name, undefined, move);
  }

  #remove(path: string): void {
    this.#inode(path);
    const { folder, name } = splitPath(path);
    this.#setName(folder, name, undefined, {});
  }

  #inode(path: string): Inode {
    const { folder, name } = splitPath(path);
    const inode = this.#folder(folder).live.get(name);
    if (inode === undefined) throw failure("ENOENT");
    return inode;
  }

  #setName(folder: string, name: string, inode: Inode | undefined, move: object): void {
    setName(this.#folder(folder).live, name, inode);
    this.#changes.push({ folder, name, inode, move });
  }

  /** With a half of a move the other half comes, and with a name what happened to it before. */
  #syncFolder(path: string): void {
    const moves = new Set(
      this.#changes.flatMap(({ folder, move }) => (folder === path ? move : [])),
    );
    this.#changes = this.#changes.filter(({ folder, name, inode, move }) => {
      if (!moves.has(move)) return true;
      setName(this.#folder(folder).synced, name, inode);
      return false;
    });
  }

  #makeFolder(path: string): undefined {
    if (!this.#folders.has(path)) this.#folders.set(path, { live: new Map(), synced: new Map() });
  }

  /** At once on the disk, with all that was to happen in it. */
  #removeFolder(path: string): void {
    if (this.#folder(path).live.size > 0) throw failure("ENOTEMPTY");
    this.#folders.delete(path);
    this.#changes = this.#changes.filter(({ folder }) => folder !== path);
  }

  #folder(path: string): ModelFolder {
    const folder = this.#folders.get(path);
    if (folder === undefined && path === "/") return { live: new Map(), synced: new Map() };
    if (folder === undefined) throw failure("ENOENT");
    return folder;
  }

  #editLocks(edit: (text: string) => string): void {
    for (const { live } of this.#folders.values()) {
      for (const [name, inode] of live) {
        if (!/^(lock|claim)-/.test(name)) continue;
        const text = edit(new TextDecoder().decode(inode.live));
        inode.live = new TextEncoder().encode(text);
        inode.synced = new Uint8Array(inode.live);
      }
    }
  }
}

const SECTOR_BYTES = 512;

function setName(names: Map<string, Inode>, name: string, inode: Inode | undefined): void {
  if (inode === undefined) names.delete(name);
  else names.set(name, inode);
}

function inodeOf(bytes: Uint8Array): Inode {
  return { live: bytes, synced: new Uint8Array(bytes) };
}

function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const at = path.lastIndexOf("/");
  return { folder: path.slice(0, at) || "/", name: path.slice(at + 1) };
}

function failure(code: string): Error {
  return Object.assign(new Error(`the model says ${code}`), { code });
}
