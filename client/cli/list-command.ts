// What every list command shares: a limit, one page as the API's value, and a word where there is nothing.
import type { OperationInput } from '../../shared/api/operations.ts';
import { listPage, type ItemOf, type ListId } from '../sdk/lists.ts';
import type { CommandContext } from './command.ts';
import { integer } from './options.ts';
import type { Column } from './output/table.ts';

const defaultItemsMax = 1000;

export const limitOption = integer(
  '--limit <n>',
  { min: 1, max: 100_000 },
  `at most this many; ${defaultItemsMax} unless told`,
);

export type ListView<Id extends ListId> = {
  readonly input: OperationInput<Id>;
  readonly limit: number | undefined;
  readonly columns: readonly Column<ItemOf<Id>>[];
  /** Says that there is nothing, and what to do next. */
  readonly empty: string;
};

export async function printList<Id extends ListId>(context: CommandContext, id: Id, view: ListView<Id>): Promise<void> {
  const { output, signal } = context;
  const itemsMax = view.limit ?? defaultItemsMax;
  const page = await listPage(await context.client(), { id, input: view.input }, { itemsMax, signal });
  output.value(page, ({ items }) => (items.length === 0 ? `${view.empty}\n` : output.table(view.columns, items)));
  if (page.next !== null) output.note(`There are more than these ${page.items.length}; see them with --limit.`);
}
