// Which paper a difference in hardware is held against: the class promises it because a line of the order names the class.
import type { Finding } from '../../shared/inspection/finding.ts';

const sentenceMax = 300;

/** The findings, each sentence with the order and the line that ask for what was not found. */
export function withOrderLine(
  findings: readonly Finding[],
  { purchaseOrder, line }: { readonly purchaseOrder: string; readonly line: number },
): Finding[] {
  const end = ` (${purchaseOrder} line ${line}).`;
  return findings.map((finding) => {
    const body = finding.sentence.replace(/\.$/, '');
    const room = sentenceMax - end.length;
    return { ...finding, sentence: (body.length <= room ? body : `${body.slice(0, room - 1)}…`) + end };
  });
}
