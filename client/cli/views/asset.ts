// Assets as tables and details.
import type { Asset } from '../../../shared/api/asset.ts';
import type { CommandContext } from '../command.ts';
import { renderFindings } from '../output/findings.ts';
import type { Output } from '../output/output.ts';
import { toneOf } from '../output/style.ts';
import type { Column } from '../output/table.ts';
import { dateTime, relative, roughDuration } from '../output/time.ts';

export function placeOf(asset: Pick<Asset, 'rack' | 'slot'>): string | null {
  const parts = [asset.rack, asset.slot].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('/');
}

/** What is worth saying about its state: findings first, else where it runs, else why. */
function remark(asset: Asset): string {
  const blocking = asset.findings.filter((finding) => finding.severity === 'block');
  const [first] = blocking;
  if (asset.state === 'QUARANTINED' && first !== undefined) {
    return blocking.length === 1 ? first.sentence : `${blocking.length} findings: ${first.sentence}`;
  }
  if (asset.hostname !== null) return [asset.hostname, asset.address].filter((part) => part !== null).join(' ');
  return asset.stateReason;
}

export function assetColumns(nowMs: number): readonly Column<Asset>[] {
  return [
    { title: 'PLACE', value: placeOf },
    { title: 'NAME', value: (asset) => asset.name },
    { title: 'SERIAL', value: (asset) => asset.serial },
    { title: 'STATE', value: (asset) => asset.state, tone: (asset) => toneOf(asset.state) },
    { title: 'SINCE', value: (asset) => roughDuration(Math.max(0, nowMs - asset.stateSince)), align: 'right' },
    { title: 'HEALTH', value: (asset) => asset.health, tone: (asset) => toneOf(asset.health) },
    { title: 'AGENT', value: (asset) => asset.presence, tone: (asset) => toneOf(asset.presence) },
    { title: 'TRUST', value: (asset) => asset.trust },
    { title: 'CLASS', value: (asset) => asset.class, shrinks: true },
    { title: 'REMARK', value: remark, shrinks: true },
  ];
}

export function renderAsset(asset: Asset, output: Output, nowMs: number): string {
  const order = asset.purchaseOrder === null ? null : `${asset.purchaseOrder} line ${asset.orderLine ?? '?'}`;
  const details = output.details([
    ['asset', asset.name ?? asset.serial, 'bold'],
    ['id', asset.id],
    ['serial', asset.serial],
    ['uuid', asset.uuid],
    ['macs', asset.macs.join(' ')],
    ['place', [asset.datacenter, placeOf(asset)].filter((part) => part !== null).join(' ')],
    ['order', order],
    ['class', asset.class],
    ['state', `${asset.state} since ${dateTime(asset.stateSince)}`, toneOf(asset.state)],
    ['because', asset.stateReason],
    ['health', asset.health, toneOf(asset.health)],
    ['hold', asset.hold === 'none' ? null : asset.hold],
    ['agent', agentText(asset, nowMs), toneOf(asset.presence)],
    ['trust', asset.trust],
    ['commands', asset.verificationEnforced === false ? 'the agent does NOT refuse unsigned commands' : null, 'bad'],
    ['hostname', asset.hostname],
    ['address', asset.address],
    ['project', [asset.team, asset.project, asset.cluster].filter((part) => part !== null).join(' / ')],
    [
      'tags',
      Object.entries(asset.tags)
        .map((pair) => pair.join('='))
        .join(' '),
    ],
    ['image', asset.image],
    ['operation', asset.operationId],
  ]);
  if (asset.findings.length === 0) return details;
  return `${details}findings\n${renderFindings(asset.findings, output.paint)}`;
}

function agentText(asset: Asset, nowMs: number): string {
  const version = asset.agentVersion === null ? '' : ` ${asset.agentVersion}`;
  const home = asset.home === null ? '' : ` in ${asset.home}`;
  return `${asset.presence}${home}${version}, since ${relative(asset.presenceSince, nowMs)}`;
}

export function assetEmptyText({ state }: { readonly state?: string | undefined }): string {
  return state === undefined
    ? 'No assets. Import a purchase order (ppec po import FILE) and power its servers on.'
    : `No asset is in state ${state}. See all of them: ppec asset list`;
}

export function printAsset({ output, clock }: CommandContext, asset: Asset): void {
  output.value(asset, (value) => renderAsset(value, output, clock.nowMs()));
}
