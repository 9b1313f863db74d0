import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { grantLine } from '../views/grant.ts';

export const authCanI = command({
  path: 'auth can-i',
  summary: 'May I do this, why, and who could let me? Exits with 4 where not',
  arguments: { verb: required('verb', 'an operation, as docs/api.md lists them') },
  options: {
    asset: optional('--asset <asset>', 'on this asset'),
    project: optional('--project <project>', 'in this project'),
    team: optional('--team <team>', 'in this team'),
    cluster: optional('--cluster <cluster>', 'in this cluster'),
    change: optional('--change <change>', 'with this change'),
    at: optional('--scope <scope>', 'at this scope: region, team:NAME, project:NAME, cluster:NAME, tags:KEY=VALUE'),
    as: optional('--as <person>', 'somebody else; for auditors and admins'),
  },
  examples: [
    'ppec auth can-i asset.provision --project payments',
    'ppec auth can-i change.approve --scope region --as cho',
  ],
  async run({ client, output, signal }, { verb, ...rest }) {
    const answer = await (await client()).call('auth.can-i', { verb, ...defined(rest) }, { signal });
    output.value(answer, (each) =>
      output.details([
        ['may', each.allowed ? 'yes' : 'no', each.allowed ? 'good' : 'bad'],
        ['who', each.person],
        ['what', each.permission === each.operation ? each.operation : `${each.operation} (${each.permission})`],
        ['on', each.about],
        ['why', each.why],
        [
          'grant',
          each.grant === null ? null : `${each.grant.id}: ${grantLine({ ...each.grant, scopes: [each.grant.scope] })}`,
        ],
        ['roles', each.roles.join(' ')],
        ['at', each.scopes.join(' ')],
        ['ask', each.grantors.join(' ')],
      ]),
    );
    return answer.allowed ? 0 : 4;
  },
});
