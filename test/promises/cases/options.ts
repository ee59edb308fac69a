// Names in the options of the rehearsal that stand for nothing, so that what they should allow or leave out is not what happens.
import { type Defect, rebuild, sql } from '../case.ts';

const HISTORY = [
  sql('CREATE TABLE `lists` (`id` integer PRIMARY KEY NOT NULL, `title` text NOT NULL)'),
  rebuild('lists', 'id integer PRIMARY KEY NOT NULL, title text', 'id title'),
];

const option = (what: string, options: NonNullable<Defect['options']>, names: string): Defect => ({
  what,
  history: HISTORY,
  options,
  names,
  by: 'rehearse',
});

export const OPTION_DEFECTS: readonly Defect[] = [
  option('`changes` names a table that there is not', { changes: ['listz'] }, 'changes listz'),
  option(
    '`changes` names a column that there is not',
    { changes: ['lists.titel'] },
    'changes titel',
  ),
  option(
    '`changes` names a column of another table',
    { changes: ['items.title'] },
    'changes items',
  ),
  option(
    '`changes` has one right and one wrong name',
    { changes: ['lists', 'liste'] },
    'changes liste',
  ),
  option('`empty` names a table that there is not', { empty: ['itmes'] }, 'empty itmes'),
  option(
    '`refused` names a migration that there is not',
    { refused: ['0009_zulu'] },
    'refused zulu',
  ),
  option(
    '`refused` names a migration for which nothing is refused',
    { refused: ['m0001'] },
    'refused m0001',
  ),
  option('`failing` names a migration that there is not', { failing: ['m0007'] }, 'failing m0007'),
  option('`failing` names a migration that never fails', { failing: ['m0001'] }, 'failing m0001'),
];
