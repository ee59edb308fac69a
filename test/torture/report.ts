import Table from 'cli-table3';
import type { KillFigures, KillOptions } from './kill.ts';
import type { ScaleFigures } from './scale.ts';

const number = (value: number): string => value.toLocaleString('en-US');
const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`;
const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? 'not known' : `${number(Math.round(bytes / 2 ** 20))} MB`;

/** One table of all figures. */
export function figuresTable(
  { objects, seed }: Pick<KillOptions, 'objects' | 'seed'>,
  kill: KillFigures,
  scale: ScaleFigures | undefined,
  took: number,
): string {
  const table = new Table({
    head: ['', 'killed', 'at once'],
    colAligns: ['left', 'right', 'right'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  const add = (name: string, killed: string, atOnce?: string) =>
    table.push([name, killed, scale === undefined || atOnce === undefined ? '' : atOnce]);
  const show = (value: number | undefined) => number(value ?? 0);
  add('objects', number(objects), show(scale?.objects));
  add('kills', number(kill.kills));
  add('  that landed between two objects', number(kill.midway));
  add('  that landed inside a transaction', number(kill.torn));
  add('deploys', number(kill.deploys), '1');
  add('objects checked', number(kill.checked), show((scale?.objects ?? 0) * 2));
  add('  whose files had changed', number(kill.read));
  add(
    '  neither before nor after',
    number(kill.between),
    show(scale && scale.objects - scale.same),
  );
  add('events with foreign keys enforced', number(kill.enforced));
  add('migrations applied', number(kill.migrations), show(scale?.migrations));
  add('rows before', number(kill.rowsBefore), show(scale?.rowsBefore));
  add('rows after', number(kill.rowsAfter), show(scale?.rowsAfter));
  add('rows lost', number(kill.lost), show(scale?.lost));
  add('time to wake all', '', seconds(scale?.took ?? 0));
  add('  with nothing to do', '', seconds(scale?.tookAgain ?? 0));
  add('memory of the runtime, at most', '', megabytes(scale?.memory));
  return `${table.toString()}\nseed ${seed}, ${seconds(took)} in all`;
}
