/**
 * Lays rows out in columns, with two spaces between them and nothing behind the last.
 *
 * @param rows the rows, each with as many cells; a cell is one line
 * @param widthOf how wide a cell is shown, in characters
 * @returns a line for each row
 */
export function layOut(
  rows: readonly (readonly string[])[],
  widthOf: (cell: string) => number = (cell) => cell.length,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] as number) - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}
