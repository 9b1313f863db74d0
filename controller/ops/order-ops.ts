// Reading purchase orders.
import { exportOrder } from '../domain/order/export-order.ts';
import { requireOrder } from '../store/orders.ts';
import { orderView } from '../store/stored-order.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const orderHandlers: Handlers<'po.list' | 'po.get' | 'po.export'> = {
  'po.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('purchase_orders').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, orderView);
    },
  },
  'po.get': {
    kind: 'read',
    run: ({ po }, { deps }) => requireOrder(deps.db, po),
  },
  'po.export': {
    kind: 'read',
    run: async ({ po, format, kind = 'order' }, { deps }) => {
      const order = await requireOrder(deps.db, po);
      const part = format === 'csv' ? `-${kind}` : '';
      const fileName = `${order.number.replaceAll(/[^A-Za-z0-9._-]/g, '_')}${part}.${format}`;
      return { fileName, text: exportOrder(order, format, kind) };
    },
  },
};
