import { watchEvents } from '../../sdk/follow.ts';
import { command } from '../command.ts';
import { integer } from '../options.ts';
import { serialize } from '../output/output.ts';
import { oneLine } from '../output/text.ts';
import { timeOfDay } from '../output/time.ts';

const kindWidth = 10;

export const eventWatch = command({
  path: 'event watch',
  summary: 'What happens in the region, as it happens; one JSON object a line with -o json',
  options: {
    after: integer('--after <seq>', { min: 0, max: Number.MAX_SAFE_INTEGER }, 'begin after this event instead of now'),
  },
  examples: ['ppec event watch', 'ppec event watch --after 0 -o json'],
  async run({ client, output, clock, signal }, { after }) {
    const onGap = (seq: number): void => output.note(`Events before ${seq} are no longer kept.`);
    for await (const event of watchEvents(await client(), after, { signal, clock, onGap })) {
      if (output.format === 'json') output.write(`${JSON.stringify(event)}\n`);
      else if (output.format === 'yaml') output.write(`---\n${serialize(event, 'yaml') ?? ''}`);
      else output.say(`${timeOfDay(event.at)}  ${oneLine(event.kind).padEnd(kindWidth)}  ${oneLine(event.text)}`);
    }
  },
});
