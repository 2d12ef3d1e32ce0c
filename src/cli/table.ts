import { fitted, type Paint, widthOf } from './style.ts'

export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  /** How to colour the text that is left after cutting. */
  readonly paint?: (row: Row, text: string) => string
  readonly right?: boolean
  /** The higher, the sooner it is left out where the terminal is narrow. 0: never, but cut. */
  readonly drop: number
}

const GAP = 2
/** Below this a column that may be cut is not. */
const NARROWEST = 8

/** Rows beneath their titles. Without a width nothing is cut. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  paint: Paint,
  width?: number,
): string {
  const kept = [...columns]
  const widths = () =>
    kept.map(({ title, text }) =>
      Math.max(widthOf(title), ...rows.map((row) => widthOf(text(row)))),
    )
  const total = (each: readonly number[]) =>
    each.reduce((sum, w) => sum + w, 0) + GAP * (each.length - 1)
  let sizes = widths()
  if (width !== undefined) {
    while (total(sizes) > width && kept.some(({ drop }) => drop > 0)) {
      const worst = kept.reduce((a, b) => (b.drop > a.drop ? b : a))
      kept.splice(kept.indexOf(worst), 1)
      sizes = widths()
    }
    for (let over = total(sizes) - width; over > 0; over = total(sizes) - width) {
      const widest = sizes.indexOf(Math.max(...sizes))
      if (sizes[widest]! <= NARROWEST) break
      sizes[widest] = Math.max(NARROWEST, sizes[widest]! - over)
    }
  }
  const line = (cells: readonly { readonly plain: string; readonly shown: string }[]) =>
    cells
      .map(({ plain, shown }, i) => {
        const padding = ' '.repeat(Math.max(0, sizes[i]! - widthOf(plain)))
        return kept[i]!.right ? padding + shown : shown + padding
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  const titles = kept.map(({ title }, i) => ({
    plain: fitted(title, sizes[i]!),
    shown: paint('dim', fitted(title, sizes[i]!)),
  }))
  const body = rows.map((row) =>
    kept.map(({ text, paint: colour }, i) => {
      const plain = fitted(text(row), sizes[i]!)
      return { plain, shown: colour ? colour(row, plain) : plain }
    }),
  )
  return [titles, ...body].map((cells) => `${line(cells)}\n`).join('')
}
