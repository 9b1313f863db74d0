// Who holds a grant or belongs to a team, as people write it: `person:mia`, `service:ci`, `team:storage`, `project:pay`.
import { Type } from 'typebox';

const name = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
export const holderKinds = ['person', 'service', 'team', 'project'] as const;
export type HolderKind = (typeof holderKinds)[number];

export const HolderText = Type.String({
  pattern: `^(${holderKinds.join('|')}):${name}$`,
  maxLength: 80,
  description: 'person:NAME, service:NAME, team:NAME (its members) or project:NAME (its members)',
});

/** A member of a team or project: a person or a service. */
export const MemberText = Type.String({
  pattern: `^(person|service):${name}$`,
  maxLength: 80,
  description: 'person:NAME or service:NAME',
});

export type Holder = { readonly kind: HolderKind; readonly name: string };

/** Undefined where the text names no holder. */
export function parseHolder(text: string): Holder | undefined {
  const at = text.indexOf(':');
  const kind = holderKinds.find((known) => known === text.slice(0, Math.max(0, at)));
  return kind === undefined || at + 1 === text.length ? undefined : { kind, name: text.slice(at + 1) };
}
