// Watching a burn-in to its end: painted over in place on a terminal, a line per test elsewhere.
import type { BurnInDetail } from '../../shared/api/burn-in.ts';
import { waitForBurnIn } from '../sdk/follow.ts';
import type { CommandContext } from './command.ts';
import { liveBlock } from './output/live.ts';
import { oneLine } from './output/text.ts';
import { burnInFindings, burnInTone, progressText } from './views/burn-in.ts';

const pollMs = 1000;

/** Shows progress in the table format, and at the end what is wrong. The exit status: 1 unless nothing failed. */
export async function followBurnIn(context: CommandContext, id: string): Promise<number> {
  const { output, signal, clock } = context;
  const client = await context.client();
  const onUpdate = output.format === 'table' ? progressView(context) : (): void => undefined;
  const ended = await waitForBurnIn(client, id, { signal, clock, pollMs, onUpdate });
  output.value(ended, (value) => {
    const head = `${oneLine(value.asset)}  burn-in ${value.profile} `;
    return `${head}${output.paint(value.state, burnInTone(value.state))}: ${oneLine(value.message)}\n${burnInFindings(value, output)}`;
  });
  return ended.state === 'passed' || ended.state === 'unverifiable' ? 0 : 1;
}

function progressView({ output }: CommandContext): (burnIn: BurnInDetail) => void {
  const lineOf = ({ asset, profile, progress }: BurnInDetail): string =>
    `${oneLine(asset)}  burn-in ${profile}  ${progress === null ? 'waits for its agent' : progressText(progress)}`;
  if (output.isLive) {
    const block = liveBlock(output);
    return (burnIn) => {
      if (burnIn.state === 'running')
        block.show([lineOf(burnIn), ...burnIn.log.map((line) => `  ${oneLine(line)}`)].join('\n'));
    };
  }
  let shown = '';
  return (burnIn) => {
    const at = `${burnIn.progress?.round ?? 0} ${burnIn.progress?.test ?? ''}`;
    if (burnIn.state !== 'running' || at === shown) return;
    shown = at;
    output.say(lineOf(burnIn));
  };
}
