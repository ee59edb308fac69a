// All cases by family.
import type { Defect, Innocent } from './case.ts';
import { CLASS_DEFECTS, CLASS_INNOCENTS } from './cases/classes.ts';
import { COLUMN_DEFECTS, COLUMN_INNOCENTS } from './cases/columns.ts';
import { DEPENDING_DEFECTS, DEPENDING_INNOCENTS } from './cases/depends.ts';
import { FAILING_DEFECTS, FAILING_INNOCENTS } from './cases/fails.ts';
import { FILLING_INNOCENTS } from './cases/fill.ts';
import { HANGING_DEFECTS, HANGING_INNOCENTS } from './cases/hangs.ts';
import { KIT_DEFECTS, KIT_INNOCENTS } from './cases/kit.ts';
import { MERGE_DEFECTS, MERGE_INNOCENTS } from './cases/merges.ts';
import { NAME_DEFECTS, NAME_INNOCENTS } from './cases/names.ts';
import { OPTION_DEFECTS } from './cases/options.ts';
import { ROW_DEFECTS, ROW_INNOCENTS } from './cases/rows.ts';

export const DEFECTS: Readonly<Record<string, readonly Defect[]>> = {
  columns: COLUMN_DEFECTS,
  rows: ROW_DEFECTS,
  hangs: HANGING_DEFECTS,
  depends: DEPENDING_DEFECTS,
  fails: FAILING_DEFECTS,
  names: NAME_DEFECTS,
  merges: MERGE_DEFECTS,
  kit: KIT_DEFECTS,
  classes: CLASS_DEFECTS,
  options: OPTION_DEFECTS,
};

export const INNOCENTS: Readonly<Record<string, readonly Innocent[]>> = {
  columns: COLUMN_INNOCENTS,
  rows: ROW_INNOCENTS,
  hangs: HANGING_INNOCENTS,
  depends: DEPENDING_INNOCENTS,
  fails: FAILING_INNOCENTS,
  names: NAME_INNOCENTS,
  merges: MERGE_INNOCENTS,
  kit: KIT_INNOCENTS,
  fill: FILLING_INNOCENTS,
  classes: CLASS_INNOCENTS,
};
