import type { Migration } from '../input/migration.ts';
import { effectOf } from '../sql/effects.ts';
import { splitStatements } from '../sql/statements.ts';

// A rebuild copies into a new table the columns of the old one, as they are, and gives it the old one's name.
const COPY = /^INSERT INTO (\S+) (?:\( [^()]* \) )?SELECT [^()'+/|-]* FROM (\S+) $/;

/**
 * Whether a migration may change rows, so that the schema alone does not tell that it ran. The copy of a table rebuild
 * changes none.
 *
 * @param migration the migration
 */
export function changesRows({ sql }: Migration): boolean {
  // A function, or one that a baseline has replaced.
  if (typeof sql !== 'string') return true;
  const effects = splitStatements(sql).map(effectOf);
  const outlines = effects.map(({ outline }) => outline);
  return effects.some(({ kind, outline, written }) => {
    if (kind === 'table') return / AS (SELECT|WITH|VALUES) /.test(outline);
    if (kind !== 'insert') return kind === 'change';
    // A text keeps its quotes among the written words only.
    const [, to, from] = (!/ '/.test(written.join(' ')) && COPY.exec(outline)) || [];
    const isRebuild =
      to !== undefined &&
      outlines.some((one) => one.startsWith(`ALTER TABLE ${to} RENAME TO ${from} `)) &&
      outlines.some((one) => one.startsWith(`DROP TABLE ${from} `));
    return !isRebuild;
  });
}
