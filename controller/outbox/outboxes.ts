// What leaves the region as it happens: webhooks and mail, each from its outbox, as the configuration has them.
import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Rng } from '../../shared/rng.ts';
import type { Config } from '../config.ts';
import { parseCidr, type Cidr } from '../domain/webhook-address.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/unit-of-work.ts';
import { createMailDriver, type Smtp } from './mail-driver.ts';
import { postWebhook, systemResolve, type WebhookRules } from './post-webhook.ts';
import type { OutboxDriver } from './pump.ts';
import { createWebhookDriver } from './webhook-driver.ts';

export type OutboxDeps = { readonly store: Store; readonly clock: Clock; readonly rng: Rng; readonly log: Log };

/** Starts both, and sends what was left when the controller last ran. Throws where a file or network it needs is not one. */
export async function startOutboxes(config: Config, deps: OutboxDeps): Promise<OutboxDriver> {
  const rules = await rulesOf(config.webhooks);
  const webhooks = createWebhookDriver({
    ...deps,
    region: config.region,
    post: (post, signal) => postWebhook(post, rules, { resolve: systemResolve, signal }),
  });
  const drivers = [webhooks];
  if (config.smtp !== null) drivers.push(createMailDriver({ ...deps, smtp: await smtpOf(config.smtp) }));
  const wake = (): void => {
    for (const driver of drivers) driver.wake();
  };
  wake();
  return { wake, stop: async () => void (await Promise.all(drivers.map((driver) => driver.stop()))) };
}

/** Throws where one of them is no network. */
export function allowedNetworks({ allow }: Config['webhooks']): Cidr[] {
  return allow.map((text) => {
    const cidr = parseCidr(text);
    if (cidr === undefined)
      throw new PpecError('invalid_argument', `webhooks.allow: '${text}' is no network; write 10.0.0.0/8`);
    return cidr;
  });
}

async function rulesOf(webhooks: Config['webhooks']): Promise<WebhookRules> {
  const { allowHttp, ca, timeoutMs } = webhooks;
  return {
    allowed: allowedNetworks(webhooks),
    allowHttp,
    caPem: ca === null ? undefined : await read('webhooks.ca', ca),
    timeoutMs,
  };
}

async function smtpOf({ passwordFile, ca, ...smtp }: NonNullable<Config['smtp']>): Promise<Smtp> {
  return {
    ...smtp,
    password: passwordFile === null ? null : (await read('smtp.passwordFile', passwordFile)).replace(/\r?\n$/, ''),
    caPem: ca === null ? undefined : await read('smtp.ca', ca),
  };
}

async function read(key: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new PpecError('invalid_argument', `${key}: ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  });
}
