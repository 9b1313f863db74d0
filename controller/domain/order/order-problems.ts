// What no document of an order may have, whoever wrote it: it could not be kept, or it would name two machines alike. Not
// among them is what a vendor did wrong; that is order-breaches.ts. Pure.
import type { Issue } from '../../../shared/errors.ts';
import { macKey, reported, serialKey } from '../../../shared/hardware/identity.ts';
import type { OrderDocument, ServerEntry } from './order-document.ts';
import type { Locator } from './read-document.ts';

/** More servers than this are more than one order. */
const serversMax = 50_000;

/** Everything about an order that its shape does not say and that must be right before it is kept. All of it at once. */
export function orderProblems(order: OrderDocument, at: Locator, hasClass: (reference: string) => boolean): Issue[] {
  return [...lineProblems(order, at, hasClass), ...deliveryProblems(order, at), ...serverProblems(order, at)];
}

function lineProblems(order: OrderDocument, at: Locator, hasClass: (reference: string) => boolean): Issue[] {
  const seen = new Set<number>();
  return order.lines.flatMap((line, index) => {
    const issues: Issue[] = [];
    if (seen.has(line.line))
      issues.push({ path: at(['lines', index, 'line']), message: `line ${line.line} is there twice` });
    seen.add(line.line);
    if (!hasClass(line.class)) {
      issues.push({
        path: at(['lines', index, 'class']),
        message: `machine class ${line.class} does not exist. Create it first: ppec class create, or correct the name`,
      });
    }
    return issues;
  });
}

/** One delivery of one line may be written in parts; they must say the same of it. */
function deliveryProblems(order: OrderDocument, at: Locator): Issue[] {
  const seen = new Map<string, string>();
  return (order.deliveries ?? []).flatMap((entry, index): Issue[] => {
    const key = `${entry.delivery}/${entry.line}`;
    const facts = JSON.stringify([entry.date ?? null, entry.reference ?? null]);
    const before = seen.get(key);
    seen.set(key, facts);
    if (before === undefined || before === facts) return [];
    const message = `delivery ${entry.delivery} of line ${entry.line} is there twice, with another date or reference`;
    return [{ path: at(['deliveries', index, 'delivery']), message }];
  });
}

function serverProblems(order: OrderDocument, at: Locator): Issue[] {
  const issues: Issue[] = [];
  const owners = new Map<string, string>();
  let count = 0;
  for (const [d, delivery] of (order.deliveries ?? []).entries()) {
    count += delivery.servers.length;
    for (const [s, server] of delivery.servers.entries()) {
      const place = (member: string) => at(['deliveries', d, 'servers', s, member]);
      if (reported(server.serial) === null)
        issues.push({ path: place('serial'), message: `'${server.serial}' is no serial number` });
      const key = serialKey(server.serial);
      for (const { member, value, twice } of ownOf(server)) {
        const owner = owners.get(`${member} ${value}`);
        if (owner !== undefined && owner !== key) issues.push({ path: place(member), message: twice(owner) });
        owners.set(`${member} ${value}`, key);
      }
    }
  }
  if (count > serversMax)
    issues.push({
      path: at(['deliveries']),
      message: `an order has up to ${serversMax} servers; this one has ${count}`,
    });
  return issues;
}

type Own = { readonly member: string; readonly value: string; readonly twice: (owner: string) => string };

/** What only one machine has. */
function ownOf(server: ServerEntry): Own[] {
  const { name, ekSha256 } = server;
  return [
    ...(name === undefined ? [] : [{ member: 'name', value: name, twice: () => `name ${name} is there twice` }]),
    ...macsOf(server).map((mac) => ({
      member: 'macs',
      value: mac,
      twice: (owner: string) => `MAC address ${mac} is there twice: ${owner} has it too`,
    })),
    ...(ekSha256 === undefined
      ? []
      : [
          {
            member: 'ekSha256',
            value: ekSha256.toLowerCase(),
            twice: (owner: string) => `this endorsement key is there twice: ${owner} has it too`,
          },
        ]),
  ];
}

/** The MAC addresses of a server in their key form. */
export function macsOf(server: Pick<ServerEntry, 'macs'>): string[] {
  return [...new Set((server.macs ?? []).flatMap((mac) => macKey(mac) ?? []))];
}
