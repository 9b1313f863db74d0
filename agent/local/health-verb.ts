// `ppec-agent health`: the checks of this host, or of a folder of evidence, as the controller is told them.
import { evidenceSources, inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { findingsOfEvidence } from '../../shared/health/evidence-findings.ts';
import { reportOf } from '../../shared/health/finding.ts';
import type { HealthReport } from '../../shared/protocol/messages.ts';
import { evidenceFromFolder } from '../collect/evidence.ts';
import { collectInventory } from '../collect/inventory.ts';
import { checkHealth } from '../health/checks.ts';
import { localOptions } from './local-options.ts';
import { oneLine, plural, textTable, type Terminal } from './text-table.ts';

/** The exit code: 1 where something has failed, 2 where the options are not understood. */
export async function healthVerb(root: string, words: readonly string[], { print, warn }: Terminal): Promise<number> {
  const options = localOptions(words, { hasClass: false });
  if (typeof options === 'string') {
    warn(options);
    return 2;
  }
  const report = options.evidence === undefined ? await healthOfHost(root) : await healthOfFolder(options.evidence);
  print(options.output === 'table' ? healthText(report) : `${JSON.stringify(report, undefined, 2)}\n`);
  return report.state === 'failed' ? 1 : 0;
}

async function healthOfHost(root: string): Promise<HealthReport> {
  return checkHealth({ root }, await collectInventory({ root }));
}

/** What the evidence tells; counters of the moment are not in it. */
async function healthOfFolder(folder: string): Promise<HealthReport> {
  const evidence = await evidenceFromFolder(folder, evidenceSources);
  return reportOf(findingsOfEvidence(evidence, inventoryFromEvidence(evidence)), {});
}

function healthText({ state, findings, readings }: HealthReport): string {
  const bad = findings.filter((finding) => finding.state !== 'ok').length;
  const head = `health  ${state}${bad === 0 ? '' : `, ${plural(bad, 'finding')}`}\n`;
  const rows = findings.map((finding) => [finding.state, finding.check, oneLine(finding.message)]);
  const values = Object.entries(readings).map(([name, value]) => [name, value]);
  return [
    head,
    rows.length === 0 ? 'Nothing to report.\n' : textTable(['STATE', 'CHECK', 'MESSAGE'], rows),
    ...(values.length === 0 ? [] : [textTable(['READING', 'VALUE'], values)]),
  ].join('\n');
}
