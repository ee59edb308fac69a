import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Database, openDatabase } from '../database.ts';

/** Byte 18 of a database in WAL mode: https://www.sqlite.org/fileformat2.html#file_format_version_numbers */
const WAL = 2;

function versionOf(file: string): number | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const header = Buffer.alloc(19);
    return readSync(descriptor, header, 0, header.length, 0) === header.length
      ? header[18]
      : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a copy that is gone when it is closed. */
function openCopy(file: string): Database {
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'object.sqlite');
    copyFileSync(file, copy, constants.COPYFILE_FICLONE);
    if (existsSync(`${file}-wal`)) {
      copyFileSync(`${file}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE);
    }
    // Read-only, so that closing does not write all of the -wal back into a copy that nobody needs.
    const database = openDatabase(copy, { readOnly: true });
    const close = (): void => {
      database.close();
      remove();
    };
    return { ...database, close };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Opens a file that is whole without a -wal, so that SQLite neither locks it nor makes files beside it. */
function openImmutable(file: string): Database {
  // https://www.sqlite.org/uri.html#uriimmutable
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  try {
    return openDatabase(url, { readOnly: true });
  } catch (error) {
    // Node 22.13 and 22.14 take no URL.
    if ((error as { code?: unknown }).code !== 'ERR_INVALID_ARG_TYPE') throw error;
    return openCopy(file);
  }
}

/**
 * Opens the file of a local object to read it, and changes neither its bytes nor which files stand beside it; of an object that is
 * open, SQLite notes in the -shm that somebody reads.
 *
 * While a runtime has the object open, there are a -wal and a -shm file, and SQLite can read beside it. Where one of
 * them is missing, nobody has it open, but SQLite would make both and leave them there.
 *
 * @param file the database file
 * @throws {Error} if it is not there or is no database; a locked or broken file may also throw at the first query
 */
export function openObject(file: string): Database {
  if (versionOf(file) !== WAL) return openDatabase(file, { readOnly: true });
  if (!existsSync(`${file}-wal`)) return openImmutable(file);
  return existsSync(`${file}-shm`) ? openDatabase(file, { readOnly: true }) : openCopy(file);
}
