// Reading purchase orders, and what came of them.
import type { DeliveryReport } from '../../shared/api/delivery-report.ts';
import { exportOrder } from '../domain/order/export-order.ts';
import { deliveryReport } from '../domain/order/delivery-report.ts';
import { reportCsv } from '../domain/order/report-csv.ts';
import { reportHtml } from '../domain/order/report-html.ts';
import { reportFacts } from '../store/report-facts.ts';
import { requireOrder } from '../store/orders.ts';
import { orderView } from '../store/stored-order.ts';
import type { Handlers, OpsDeps } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const orderHandlers: Handlers<'po.list' | 'po.get' | 'po.export' | 'po.report' | 'po.report-document'> = {
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
      const fileName = `${fileStem(order.number)}${part}.${format}`;
      return { fileName, text: exportOrder(order, format, kind) };
    },
  },
  'po.report': {
    kind: 'read',
    run: ({ po }, { deps }) => reportOf(deps, po),
  },
  'po.report-document': {
    kind: 'read',
    run: async ({ po, format }, { deps }) => {
      const report = await reportOf(deps, po);
      const { mediaType, write } = reportForms[format];
      return { fileName: `${fileStem(report.number)}-report.${format}`, mediaType, text: write(report) };
    },
  },
};

const reportForms = {
  csv: { mediaType: 'text/csv; charset=utf-8; header=present', write: reportCsv },
  html: { mediaType: 'text/html; charset=utf-8', write: reportHtml },
} as const;

async function reportOf({ db, clock }: Pick<OpsDeps, 'db' | 'clock'>, po: string): Promise<DeliveryReport> {
  return deliveryReport(await reportFacts(db, await requireOrder(db, po), clock.nowMs()));
}

function fileStem(number: string): string {
  return number.replaceAll(/[^A-Za-z0-9._-]/g, '_');
}
