import { assetStates, presenceStates } from '../../../shared/lifecycle/asset.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined, optional } from '../options.ts';
import { assetColumns, assetEmptyText } from '../views/asset.ts';

export const assetList = command({
  path: 'asset list',
  summary: 'List assets',
  options: {
    state: choice('--state <state>', assetStates, 'only those in this state'),
    class: optional('--class <class>', 'only those of this class, with or without @version'),
    presence: choice('--presence <presence>', presenceStates, 'only those whose agent is'),
    rack: optional('--rack <rack>', 'only those in this rack'),
    team: optional('--team <team>', 'only those of this team'),
    project: optional('--project <project>', 'only those of this project'),
    cluster: optional('--cluster <cluster>', 'only those of this cluster'),
    tag: optional('--tag <key=value>', 'only those with this tag'),
    limit: limitOption,
  },
  examples: ['ppec asset list --state QUARANTINED', 'ppec asset list --rack R12 -o json'],
  async run(context, { limit, ...filter }) {
    await printList(context, 'asset.list', {
      input: defined(filter),
      limit,
      columns: assetColumns(context.clock.nowMs()),
      empty: assetEmptyText(filter),
    });
  },
});
