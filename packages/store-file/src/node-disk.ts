/** The file system of this machine. */
import { constants } from "node:fs";
import {
  link,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  stat,
  unlink,
} from "node:fs/promises";
import { type Disk, hasCode } from "./disk.ts";

// Without O_NONBLOCK a pipe of that name would hold a thread until somebody writes to it.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const MODES = {
  read: READ,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
  update: constants.O_RDWR | constants.O_CREAT,
} as const;

export const NODE_DISK: Disk = {
  open: (path, mode) => open(path, MODES[mode]),
  stat: (path) => stat(path),
  realPath: (path) => realpath(path),
  list: (path) => readdir(path),
  makeFolder: (path) => mkdir(path, { recursive: true }),
  link,
  rename,
  remove: unlink,
  removeFolder: rmdir,
  async syncFolder(path) {
    // Windows opens no folders; its file system keeps a journal of names by itself.
    const folder = await open(path, constants.O_RDONLY).catch((error: unknown) => {
      if (hasCode(error, "EISDIR") || hasCode(error, "EPERM")) return undefined;
      throw error;
    });
    if (folder === undefined) return;
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
