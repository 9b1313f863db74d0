// Pages of a list: one row more than asked for says whether there is a next page.
export type Page<T> = { readonly items: T[]; readonly next: string | null };

export async function pageOf<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item | Promise<Item>,
): Promise<Page<Item>> {
  const shown = rows.slice(0, limit);
  const items: Item[] = [];
  for (const row of shown) items.push(await view(row));
  return { items, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
}

export const defaultLimit = 100;

/** The same of rows that have a name for an id. */
export async function namedPage<Row extends { name: string }, Item>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item | Promise<Item>,
): Promise<Page<Item>> {
  return pageOf(
    rows.map((row) => ({ id: row.name, row })),
    limit,
    ({ row }) => view(row),
  );
}
