// Keeping an order: its row, its place beside all other orders, its breaches and state, and the machines of every order
// that is touched. The one way in which an order changes.
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { assert } from '../../shared/assert.ts';
import type { Issue } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { canOrderTransition, deliveryState } from '../../shared/lifecycle/purchase-order.ts';
import { documentOf, type OrderContent } from '../domain/order/order-content.ts';
import type { OrderDocument } from '../domain/order/order-document.ts';
import { refuseDocument, type Locator } from '../domain/order/read-document.ts';
import { breachesOf, indexOrder, relatedOrders, writeOrder } from '../store/orders.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { settleMachines } from './order-machines.ts';

export type Kept = {
  readonly content: OrderContent;
  readonly documentSha256: string;
  /** A person's word; without it the state follows from the deliveries. */
  readonly state?: Pick<PurchaseOrder, 'state' | 'stateReason'>;
  /** The order must have no problem and no breach: each is told where it stands, and nothing is kept. */
  readonly strict?: { readonly document: OrderDocument; readonly at: Locator; readonly problems: readonly Issue[] };
};

const issuesMax = 50;

/** Throws `invalid_argument` for a strict order with a breach; the transaction is then undone. */
export async function keepOrder(
  uow: UnitOfWork,
  before: PurchaseOrder | undefined,
  kept: Kept,
): Promise<PurchaseOrder> {
  const { content } = kept;
  const state = kept.state ?? followingState(before, content);
  assert(
    before === undefined || before.state === state.state || canOrderTransition(before.state, state.state),
    `${content.number} may go from ${before?.state ?? ''} to ${state.state}`,
  );
  await indexOrder(uow, content, state.state === 'cancelled');
  if (kept.strict !== undefined) await refuseProblems(uow, content, kept.strict);
  const breaches = await breachesOf(uow.db, content, documentOf(content));
  const after: PurchaseOrder = {
    ...content,
    ...state,
    id: before?.id ?? newId('purchaseOrder', uow.ids),
    documentSha256: kept.documentSha256,
    breaches,
    createdAt: before?.createdAt ?? uow.nowMs,
    revision: (before?.revision ?? 0) + 1,
  };
  await writeOrder(uow, before, after);
  await settleMachines(uow, before, after);
  await lookAtRelated(uow, before, after);
  return after;
}

async function refuseProblems(
  uow: UnitOfWork,
  content: OrderContent,
  { document, at, problems }: NonNullable<Kept['strict']>,
): Promise<void> {
  const breaches = await breachesOf(uow.db, content, document);
  const issues = breaches
    .slice(0, issuesMax)
    .map(({ path, sentence }): Issue => ({ path: at(path.split('/')), message: sentence }));
  if (problems.length + issues.length > 0) throw refuseDocument([...problems, ...issues]);
}

function followingState(
  before: PurchaseOrder | undefined,
  content: OrderContent,
): Pick<PurchaseOrder, 'state' | 'stateReason'> {
  const state = deliveryState(content);
  if (before?.state === state && before.servers.length === content.servers.length)
    return { state, stateReason: before.stateReason };
  const ordered = content.lines.reduce((sum, line) => sum + line.quantity, 0);
  return { state, stateReason: `${content.servers.length} of ${ordered} delivered` };
}

/** A serial or an invoice number that came or went here may be a breach of another order, or none any more. */
async function lookAtRelated(uow: UnitOfWork, before: PurchaseOrder | undefined, after: PurchaseOrder): Promise<void> {
  for (const order of await relatedOrders(uow.db, before === undefined ? [after] : [before, after])) {
    const breaches = await breachesOf(uow.db, order, documentOf(order));
    if (JSON.stringify(breaches) === JSON.stringify(order.breaches)) continue;
    const next = { ...order, breaches, revision: order.revision + 1 };
    await writeOrder(uow, order, next);
    await settleMachines(uow, order, next);
  }
}
