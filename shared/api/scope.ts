// Where a right holds, as people write it: `region`, `team:storage`, `project:payments`, `cluster:k8s-1` or
// `tags:env=prod,tier=1`. Teams, projects and clusters are named; their names never change.
import { Type } from 'typebox';

const name = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const tagKey = '[a-z0-9][a-z0-9._-]{0,62}';
const tagValue = '[A-Za-z0-9][A-Za-z0-9._-]{0,62}';
const tag = `${tagKey}=${tagValue}`;
export const tagPattern = `^${tag}$`;
export const TagKey = Type.String({ pattern: `^${tagKey}$` });
export const TagValue = Type.String({ pattern: `^${tagValue}$` });
const scopePattern = `^(region|(team|project|cluster):${name}|tags:${tag}(,${tag}){0,7})$`;
const scopeExpression = new RegExp(scopePattern);

/** The text of a scope, for schemas. */
export const ScopeText = Type.String({
  pattern: scopePattern,
  maxLength: 600,
  description: 'region, team:NAME, project:NAME, cluster:NAME, or tags:KEY=VALUE,… (all of them)',
});

export type Scope =
  | { readonly kind: 'region' }
  | { readonly kind: 'team' | 'project' | 'cluster'; readonly name: string }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> };

/** Undefined where the text is no scope, or names a tag twice. */
export function parseScope(text: string): Scope | undefined {
  if (!scopeExpression.test(text)) return undefined;
  const at = text.indexOf(':');
  const [kind, rest] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  if (kind === 'team' || kind === 'project' || kind === 'cluster') return { kind, name: rest };
  if (kind === 'region') return { kind };
  const pairs = rest.split(',').map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  const tags = Object.fromEntries(pairs);
  return Object.keys(tags).length === pairs.length ? { kind: 'tags', tags } : undefined;
}

/** The one text of a scope: tags in the order of their keys. */
export function scopeText(scope: Scope): string {
  if (scope.kind === 'region') return 'region';
  if (scope.kind !== 'tags') return `${scope.kind}:${scope.name}`;
  const pairs = Object.entries(scope.tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `tags:${pairs.map((pair) => pair.join('=')).join(',')}`;
}
