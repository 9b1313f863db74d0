// Webhooks in details, and what was sent to them.
import type { Delivery, Webhook } from '../../../shared/api/webhook.ts';
import type { CommandContext } from '../command.ts';
import type { Column } from '../output/table.ts';
import { dateTime, relative } from '../output/time.ts';

export function printWebhook({ output }: CommandContext, webhook: Webhook): void {
  output.value(webhook, (value) =>
    output.details([
      ['webhook', value.name, 'bold'],
      ['id', value.id],
      ['url', value.url],
      ['events', kindsText(value)],
      ['scope', value.scope],
      ['active', value.active ? 'yes' : 'no: what happens is not sent', value.active ? 'plain' : 'warn'],
      ['waiting', value.pending],
      ['given up', value.failed, value.failed === 0 ? 'plain' : 'bad'],
      ['dropped', value.dropped, value.dropped === 0 ? 'plain' : 'bad'],
      ['old secret', value.oldSecretUntil === null ? null : `signs too until ${dateTime(value.oldSecretUntil)}`],
    ]),
  );
}

/** The secret goes to the output once; nothing keeps it. */
export function printSecret({ output }: CommandContext, made: { webhook: Webhook; secret: string }): void {
  output.value(made, ({ webhook, secret }) =>
    output.details([
      ['webhook', webhook.name],
      ['url', webhook.url],
      ['secret', secret, 'bold'],
    ]),
  );
  output.note('The secret is not shown again. The receiver verifies every delivery with it.');
}

export function kindsText({ kinds }: Pick<Webhook, 'kinds'>): string {
  return kinds.length === 0 ? 'all' : kinds.join(', ');
}

export function deliveryColumns(nowMs: number): readonly Column<Delivery>[] {
  return [
    { title: 'DELIVERY', value: (each) => each.id },
    { title: 'STATE', value: (each) => each.state, tone: (each) => (each.state === 'failed' ? 'bad' : 'plain') },
    { title: 'TRIES', value: (each) => each.attempts },
    { title: 'SINCE', value: (each) => relative(each.createdAt, nowMs) },
    { title: 'NEXT', value: (each) => (each.nextAt === null ? null : relative(each.nextAt, nowMs)) },
    { title: 'EVENT', value: (each) => `${each.kind}: ${each.text}`, shrinks: true },
    { title: 'ERROR', value: (each) => each.error, shrinks: true },
  ];
}
