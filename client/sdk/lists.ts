// Lists that come in pages, read to their end or to a limit.
import type { AuditEntry } from '../../shared/api/audit.ts';
import type { OperationId, OperationInput, OperationOutput } from '../../shared/api/operations.ts';
import { PpecError } from '../../shared/errors.ts';
import type { CallOptions, Client } from './client.ts';
import { isRecord } from './response.ts';

/** The operations that answer in pages with a cursor. */
export type ListId = {
  [Id in OperationId]: 'cursor' extends keyof OperationInput<Id> ? Id : never;
}[OperationId];
export type ItemOf<Id extends ListId> = OperationOutput<Id> extends { items: (infer T)[] } ? T : never;
export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };

export type ListOptions = CallOptions & {
  /** Stop after this many items; 100 000 unless told. */
  readonly itemsMax?: number;
};

const pageItems = 1000;
const defaultItemsMax = 100_000;

/** Every page of a list in turn. Ends at the last page or when `itemsMax` items were read. */
export async function* listPages<Id extends ListId>(
  client: Client,
  wanted: { readonly id: Id; readonly input: OperationInput<Id> },
  options: ListOptions = {},
): AsyncGenerator<Page<ItemOf<Id>>> {
  let left = options.itemsMax ?? defaultItemsMax;
  let cursor: string | undefined;
  while (left > 0) {
    const limit = Math.min(pageItems, left);
    const paged = Object.assign({}, wanted.input, { limit }, cursor === undefined ? {} : { cursor });
    const page: unknown = await client.call(wanted.id, paged, options);
    if (!isPage<ItemOf<Id>>(page))
      throw new PpecError('internal', `${wanted.id} answered something that is not a list.`);
    yield page;
    if (page.next === null) return;
    if (page.next === cursor) throw new PpecError('internal', `${wanted.id} answered the same cursor twice.`);
    left -= page.items.length;
    cursor = page.next;
  }
}

// The items are believed to be what the contract says.
function isPage<T>(value: unknown): value is Page<T> {
  return (
    isRecord(value) && Array.isArray(value['items']) && (value['next'] === null || typeof value['next'] === 'string')
  );
}

/** Every item of a list. */
export async function* listAll<Id extends ListId>(
  client: Client,
  wanted: { readonly id: Id; readonly input: OperationInput<Id> },
  options: ListOptions = {},
): AsyncGenerator<ItemOf<Id>> {
  for await (const page of listPages(client, wanted, options)) yield* page.items;
}

/** All items up to `itemsMax` as one page; `next` goes on where it ends. */
export async function listPage<Id extends ListId>(
  client: Client,
  wanted: { readonly id: Id; readonly input: OperationInput<Id> },
  options: ListOptions = {},
): Promise<Page<ItemOf<Id>>> {
  const items: ItemOf<Id>[] = [];
  let next: string | null = null;
  for await (const page of listPages(client, wanted, options)) {
    items.push(...page.items);
    next = page.next;
  }
  return { items, next };
}

/** Audit entries with a greater sequence number than `after`, oldest first: their cursor is the sequence number. */
export async function* listAudit(
  client: Client,
  wanted: { readonly after?: number; readonly target?: string },
  options: ListOptions = {},
): AsyncGenerator<AuditEntry> {
  let left = options.itemsMax ?? Number.POSITIVE_INFINITY;
  let after = wanted.after ?? 0;
  while (left > 0) {
    const limit = Math.min(pageItems, left);
    const { items } = await client.call('audit.list', { ...wanted, after, limit }, options);
    yield* items;
    left -= items.length;
    const last = items.at(-1);
    if (last === undefined || items.length < limit) return;
    if (last.seq <= after) throw new PpecError('internal', 'audit.list answered entries it was told to leave out.');
    after = last.seq;
  }
}
