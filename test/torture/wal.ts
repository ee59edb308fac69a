import { existsSync, readFileSync } from 'node:fs';

const HEADER = 32;
const FRAME_HEADER = 24;

/**
 * Whether a write-ahead log ends inside of a transaction: frames of this log, and none that commits them. Where the
 * frames and the salts stand: https://www.sqlite.org/fileformat2.html#walformat
 */
export function isTorn(file: string): boolean {
  if (!existsSync(`${file}-wal`)) return false;
  const log = readFileSync(`${file}-wal`);
  if (log.length < HEADER) return log.length > 0;
  const frame = FRAME_HEADER + log.readUInt32BE(8);
  const salts = log.subarray(16, 24);
  let torn = false;
  for (let at = HEADER; at + FRAME_HEADER <= log.length; at += frame) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    torn = log.readUInt32BE(at + 4) === 0;
  }
  return torn;
}
