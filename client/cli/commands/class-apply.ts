import { command } from '../command.ts';
import { optional, required } from '../options.ts';

export const classApply = command({
  path: 'class apply',
  summary: 'Put a class version in the place of older ones on all orders, and inspect again what waits in PIOUS',
  arguments: { class: required('class', 'name@version, or the newest of a name') },
  options: { from: optional('--from <class>', 'only this version is replaced') },
  examples: ['ppec class apply compute-large@2', 'ppec class apply compute-large@3 --from compute-large@2'],
  async run({ client, output, signal }, { class: reference, from }) {
    const input = { class: reference, ...(from === undefined ? {} : { from }) };
    const applied = await (await client()).call('class.apply', input, { signal });
    output.value(applied, ({ class: name, orders, inspected, left }) => {
      if (orders.length === 0) return `No order has another version of it: nothing changed.\n`;
      const lines = [`${name} stands on ${orders.join(', ')} now.`];
      lines.push(
        inspected.length === 0
          ? 'No machine is inspected again.'
          : `Inspected again: ${inspected.join(', ')}. Watch them: ppec event watch`,
      );
      for (const { asset, state } of left)
        lines.push(
          `${output.paint('!', 'warn')} ${asset} is ${state} and is not inspected as ${name} before it comes back.`,
        );
      return `${lines.join('\n')}\n`;
    });
  },
});
