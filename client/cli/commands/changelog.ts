import { parseInstant, parseInstantEnd } from '../../../shared/instant.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, instant, optional, required } from '../options.ts';
import { dateTime } from '../output/time.ts';

export const changelog = command({
  path: 'changelog',
  summary: 'What changed of one object, field by field, newest first',
  arguments: {
    noun: required('noun', 'asset, change, class, credential, image, network, part, person, purchase-order, vendor …'),
    name: required('name', 'its id or its name'),
  },
  options: {
    field: optional('--field <field>', 'only this field'),
    from: instant('--from <time>', parseInstant, 'only since this day or RFC 3339 time'),
    to: instant('--to <time>', parseInstantEnd, 'only up to the end of this day, or this RFC 3339 time'),
    limit: limitOption,
  },
  examples: ['ppec changelog asset srv-a', 'ppec changelog asset srv-a --field state --from 2026-01-01'],
  async run(context, { noun, name, field, from, to, limit }) {
    await printList(context, 'changelog.list', {
      input: { noun, name, ...defined({ field, from, to }) },
      limit,
      columns: [
        { title: 'AT', value: (entry) => dateTime(entry.at) },
        { title: 'FIELD', value: (entry) => entry.field },
        { title: 'BEFORE', value: (entry) => entry.before, shrinks: true },
        { title: 'AFTER', value: (entry) => entry.after, shrinks: true },
        { title: 'WHO', value: (entry) => entry.actor },
        { title: 'CHANGE', value: (entry) => entry.change },
      ],
      empty: 'Nothing of it has changed in that time.',
    });
  },
});
