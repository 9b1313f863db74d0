import { command } from '../command.ts';
import { required } from '../options.ts';
import { toneOf } from '../output/style.ts';
import { relative } from '../output/time.ts';

export const assetHealth = command({
  path: 'asset health',
  summary: 'The latest health report of one asset',
  arguments: { asset: required('asset', 'id, name or serial') },
  examples: ['ppec asset health srv-a'],
  async run({ client, output, clock, signal }, { asset }) {
    const found = await (await client()).call('asset.health', { asset }, { signal });
    output.value(found, ({ at, report }) => {
      const head = output.details([
        ['health', report.state, toneOf(report.state)],
        ['reported', relative(at, clock.nowMs())],
      ]);
      const findings = output.table(
        [
          { title: 'STATE', value: (finding) => finding.state, tone: (finding) => toneOf(finding.state) },
          { title: 'CHECK', value: (finding) => finding.check },
          { title: 'COMPONENT', value: (finding) => finding.component },
          { title: 'MESSAGE', value: (finding) => finding.message, shrinks: true },
        ],
        report.findings,
      );
      const readings = output.table(
        [
          { title: 'READING', value: ([name]) => name },
          { title: 'VALUE', value: ([, value]) => value, align: 'right' },
        ],
        Object.entries(report.readings),
      );
      return [head, report.findings.length === 0 ? 'Nothing to report.\n' : findings, readings].join('\n');
    });
  },
});
