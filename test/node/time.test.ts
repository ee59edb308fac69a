import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimestamp, millisOf, secondOf } from '../../src/base/time.ts';

/** The last millisecond of the year 9999. */
const LAST = 253_402_300_799_999;

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

describe('isTimestamp', () => {
  it.each([0, -0, 1, 999, 1_795_371_422_076, LAST])('takes %s', (value) => {
    expect(isTimestamp(value)).toBe(true);
  });

  it.each([
    ...[-1, LAST + 1, 0.5, 1_795_371_422_076.5, Number.NaN, Number.POSITIVE_INFINITY],
    ...['0', '1795371422076', 1n, null, undefined, true, [0], {}, new Date(0)],
  ])('refuses %s', (value) => {
    expect(isTimestamp(value)).toBe(false);
  });
});

describe('secondOf', () => {
  it.each([
    [0, '19700101000000'],
    [999, '19700101000000'],
    [1000, '19700101000001'],
    [951_827_696_789, '20000229123456'],
    [1_795_371_422_076, '20261122181702'],
    [LAST, '99991231235959'],
  ])('names the second of %s %s, in UTC', (millis, second) => {
    expect(secondOf(millis)).toBe(second);
  });

  it('writes the parts of the date in UTC', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST }), (millis) => {
        const date = new Date(millis);
        const parts = [
          date.getUTCMonth() + 1,
          date.getUTCDate(),
          date.getUTCHours(),
          date.getUTCMinutes(),
          date.getUTCSeconds(),
        ];
        expect(secondOf(millis)).toBe(
          pad(date.getUTCFullYear(), 4) + parts.map((part) => pad(part)).join(''),
        );
      }),
    );
  });

  it('sorts as text in the order of time', () => {
    const moment = fc.integer({ min: 0, max: LAST });
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const [before, after] = [Math.min(a, b), Math.max(a, b)].map(secondOf) as [string, string];
        expect([after, before].sort()).toEqual([before, after]);
      }),
    );
  });
});

describe('millisOf', () => {
  it.each([
    ['19700101000000', 0],
    ['20000229123456', 951_827_696_000],
    ['20261122181702', 1_795_371_422_000],
    ['99991231235959', LAST - 999],
  ])('is the moment that %s says', (second, millis) => {
    expect(millisOf(second)).toBe(millis);
  });

  it('is the start of the second that secondOf names', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST }), (millis) => {
        expect(millisOf(secondOf(millis))).toBe(millis - (millis % 1000));
      }),
    );
  });

  it.each([
    ['the 31st of February', '20260231000000'],
    ['the 29th of February of no leap year', '20260229000000'],
    ['the 29th of February of 2100', '21000229000000'],
    ['the 31st of April', '20260431000000'],
    ['month 0', '20260001000000'],
    ['month 13', '20261301000000'],
    ['day 0', '20260100000000'],
    ['day 32', '20260132000000'],
    ['hour 24', '20260101240000'],
    ['hour 25', '20260101250000'],
    ['minute 60', '20260101006000'],
    ['second 60', '20260101000060'],
    ['a year before 1970', '19691231235959'],
    ['the year 0', '00000101000000'],
    ['13 digits', '2026112218170'],
    ['15 digits', '202611221817020'],
    ['nothing', ''],
    ['letters', '2026112218170x'],
    ['letters alone', 'abcdefghijklmn'],
    ['a sign', '+0261122181702'],
    ['spaces', '2026 122181702'],
    ['a date as people write it', '2026-11-22'],
    ['an ISO date', '2026-11-22T18:17:02Z'],
    ['milliseconds', '1795371422076'],
    ['other digits', '２０２６１１２２１８１７０２'],
    ['a second line', '20261122181702\n'],
  ])('is NaN for %s: %j', (_, second) => {
    expect(millisOf(second)).toBeNaN();
  });

  it('knows every 14 digits that are a date, and no others', () => {
    const upTo = (max: number) => fc.nat(max);
    fc.assert(
      fc.property(
        fc.tuple(upTo(9999), upTo(13), upTo(32), upTo(25), upTo(61), upTo(61)),
        ([year, month, day, hour, minute, second]) => {
          const digits =
            pad(year, 4) + [month, day, hour, minute, second].map((n) => pad(n)).join('');
          const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
          const isDay = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
          const isDate = isDay && hour <= 23 && minute <= 59 && second <= 59;
          expect(millisOf(digits)).toBe(
            isDate ? Date.UTC(year, month - 1, day, hour, minute, second) : Number.NaN,
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
