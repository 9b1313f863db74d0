// Where a person is written to.
import type { Notification } from '../../../shared/api/notification.ts';
import type { CommandContext } from '../command.ts';

export function printNotification({ output }: CommandContext, notification: Notification): void {
  output.value(notification, ({ email, mailIsConfigured }) =>
    output.details([
      ['e-mail', email ?? 'none: ppec notification set --email ADDRESS'],
      ['sent', mailIsConfigured ? null : 'this region is not configured to send mail', 'warn'],
    ]),
  );
}
