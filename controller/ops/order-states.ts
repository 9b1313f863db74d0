// Closing, reopening and cancelling an order: a person's word, where shared/lifecycle/purchase-order.ts allows it.
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import { PpecError } from '../../shared/errors.ts';
import { deliveryState, orderRefusal, type OrderAction } from '../../shared/lifecycle/purchase-order.ts';
import { callName } from '../store/assets.ts';
import { requireOrder } from '../store/orders.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handler, Handlers, WriteContext, Written } from './handler.ts';
import { keepOrder } from './keep-order.ts';
import { isWorking } from './order-machines.ts';

type Action = Extract<OrderAction, 'close' | 'reopen' | 'cancel'>;
type Input = { readonly po: string; readonly reason: string };

const words: Readonly<Record<Action, string>> = { close: 'closed', reopen: 'reopened', cancel: 'cancelled' };

export const orderStateHandlers: Handlers<'po.close' | 'po.reopen' | 'po.cancel'> = {
  'po.close': step('close', () => 'closed'),
  'po.reopen': step('reopen', (order) => deliveryState(order)),
  'po.cancel': step('cancel', () => 'cancelled'),
};

function step(
  action: Action,
  stateOf: (order: PurchaseOrder) => PurchaseOrder['state'],
): Handler<'po.close'> & Handler<'po.reopen'> & Handler<'po.cancel'> {
  return {
    kind: 'write',
    run: async ({ po, reason }: Input, { uow }: WriteContext): Promise<Written<PurchaseOrder>> => {
      const before = await requireOrder(uow.db, po);
      const refusal = orderRefusal(before, action);
      if (refusal !== undefined) throw new PpecError('failed_precondition', refusal);
      if (action === 'cancel') await refuseWhileWorking(uow, before);
      const state = { state: stateOf(before), stateReason: reason };
      const output = await keepOrder(uow, before, { content: before, documentSha256: before.documentSha256, state });
      const message = `${output.number} ${words[action]}: ${reason}`;
      await uow.event('purchase-order', output.id, message);
      return { output, targets: [output.id], message };
    },
  };
}

const namedMax = 5;

async function refuseWhileWorking(uow: UnitOfWork, { number }: PurchaseOrder): Promise<void> {
  const assets = await uow.db.selectFrom('assets').selectAll().where('purchase_order', '=', number).execute();
  const busy = assets.filter(isWorking);
  if (busy.length === 0) return;
  const named = busy.slice(0, namedMax).map((asset) => `${callName(asset)} ${asset.state}`);
  const more = busy.length > namedMax ? ` and ${busy.length - namedMax} more` : '';
  throw new PpecError(
    'failed_precondition',
    `${number} cannot be cancelled while machines of it work: ${named.join(', ')}${more}. Release them first.`,
  );
}
