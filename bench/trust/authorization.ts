// How many decisions of who may do what are made in a second of CPU time of this process, and how many authentications'
// worth of grants are compiled.
import { builtInRoles } from '../../controller/domain/built-in-roles.ts';
import {
  compileRights,
  decide,
  regionSubject,
  type Held,
  type Rights,
  type Where,
} from '../../controller/domain/rbac.ts';
import { roleNames } from '../../shared/api/role-names.ts';
import { parseScope } from '../../shared/api/scope.ts';
import { median, type Figure } from '../figures.ts';
import type { TrustPart } from './part.ts';

export const authorization: TrustPart = {
  name: 'authorization',
  run: () =>
    Promise.resolve({
      figures: authorizationFigures(),
      notes: [
        'authorization: goal 500,000 decisions per CPU-second, of somebody with 24 grants at scopes of every kind.',
      ],
    }),
};

const decisionsPerRound = 1_000_000;
const compilationsPerRound = 20_000;
const rounds = 5;

/** Somebody with 24 grants at scopes of every kind: more than people have. */
function manyGrants(): Held[] {
  const scopes = ['team:t', 'project:p', 'cluster:c', 'tags:env=prod,tier='].flatMap((text) =>
    Array.from({ length: 6 }, (_, at) => `${text}${at}`),
  );
  return scopes.flatMap((text, at): Held[] => {
    const scope = parseScope(text);
    const role = roleNames[at % roleNames.length];
    if (scope === undefined || role === undefined) return [];
    const permissions = new Set(builtInRoles[role].permissions);
    return [{ id: `grt_${at}`, holder: 'person:mia', role, scopes: [scope], expiresAt: null, permissions }];
  });
}

/** Objects inside and outside of those scopes, by turns. */
function subjects(): Where[] {
  const objects = Array.from({ length: 64 }, (_, at): Where => {
    const tags = { env: at % 3 === 0 ? 'test' : 'prod', tier: String(at % 9) };
    return { team: `t${at % 11}`, project: `p${at % 13}`, cluster: at % 2 === 0 ? `c${at % 17}` : null, tags };
  });
  return [...objects, regionSubject, 'region', 'anywhere'];
}

const asked = ['asset.get', 'asset.inspect', 'change.approve', 'po.import', 'asset.provision', 'event.list'] as const;

function perCpuSecond(count: number, work: (at: number) => boolean): { readonly rate: number; readonly yes: number } {
  const before = process.cpuUsage();
  let yes = 0;
  for (let at = 0; at < count; at += 1) if (work(at)) yes += 1;
  const { user, system } = process.cpuUsage(before);
  return { rate: (count * 1e6) / (user + system), yes };
}

function decisions(rights: Rights, which: (allowed: boolean) => boolean): number {
  // Only questions with the wanted answer: a refusal also says why, which costs more.
  const questions = subjects().flatMap((where) =>
    asked.flatMap((permission) => (which(decide(rights, permission, where).allowed) ? [{ permission, where }] : [])),
  );
  const rates = Array.from({ length: rounds + 1 }, () => {
    const { rate } = perCpuSecond(decisionsPerRound, (at) => {
      const question = questions[at % questions.length];
      return question !== undefined && decide(rights, question.permission, question.where).allowed;
    });
    return rate;
  });
  // The first round is compiled while it runs.
  return median(rates.slice(1));
}

function authorizationFigures(): Figure[] {
  const grants = manyGrants();
  const rights = compileRights(grants);
  const unit = 'per CPU-second';
  const compiled = Array.from(
    { length: rounds + 1 },
    () => perCpuSecond(compilationsPerRound, () => compileRights(grants).byPermission.size > 0).rate,
  );
  return [
    { metric: 'authorization, mixed', value: decisions(rights, () => true), unit, against: null },
    { metric: 'authorization, allowed', value: decisions(rights, (allowed) => allowed), unit, against: null },
    { metric: 'authorization, refused with why', value: decisions(rights, (allowed) => !allowed), unit, against: null },
    { metric: `authorization, ${grants.length} grants compiled`, value: median(compiled.slice(1)), unit, against: null },
  ]; // prettier-ignore
}
