/**
 * The key of a migration.
 *
 * @param version its number, from 0
 * @returns `m` and the number in four digits or more
 */
export const keyOf = (version: number): string => `m${String(version).padStart(4, '0')}`;
