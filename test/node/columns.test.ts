// The tables that the command line and the tests print.
import { expect, it } from 'vitest';
import { layOut } from '../../src/base/columns.ts';

it('lays rows out so that the cells of a column stand one below the other', () => {
  expect(
    layOut([
      ['key', 'state', ''],
      ['m0000', 'up to date', 'x'],
      ['m10', '', 'yy'],
    ]),
  ).toEqual(['key    state', 'm0000  up to date  x', 'm10                yy']);
  expect(layOut([])).toEqual([]);
});

it('goes by the width that a cell is shown with', () => {
  const widthOf = (cell: string) => (cell === '表' ? 2 : cell.length);
  expect(
    layOut(
      [
        ['表', 'a'],
        ['abc', 'b'],
      ],
      widthOf,
    ),
  ).toEqual(['表   a', 'abc  b']);
});
